"""An attack leaves the noise and the losses of every other component as they were."""

import functools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.build import build
from attacks.entries.entry import Entry
from attacks.entries.trigger import When
from tests.attacks.beds import HOUR, armed_run

CONTROL = {
    "links": {"PLC*->SCADA": {"loss": 0.2}, "PLC4->PLC3": {"loss": 0.3, "jitter": "5 s"}},
    "sensors": {"L_*": {"noise": 0.02}},
}
ON = st.sampled_from(
    [
        ("actuator:PU1", {"chatter": {"period": "7 min"}}),
        ("actuator:PU2", {"invert": {}}),
        ("actuator:PU4", {"delay": {"by": "47 s"}}),
        ("plc:PLC3", {"crash": {}}),
        ("plc:PLC3", {"overload": {"scan": "1 h", "timeouts": 0.4}}),
        ("plc:PLC5", {"disable": {"actuators": ["PU10"]}}),
        ("link:PLC2->PLC1", {"bandwidth": {"bits_per_s": 1.0}}),
        ("link:SCADA->PLC5", {"spoof": {"write": {"PU9": "open"}}}),
        ("sensor:L_T1", {"dead": {}}),
        ("scada", {"suppress-alarms": {}}),
    ]
)


@functools.cache
def usual(seed):
    return armed_run([], hours=4, seed=seed, control=CONTROL)


def noise(run, tag, plc):
    return run.plc[f"{plc}.{tag}"] - run.truth[tag]


@settings(max_examples=6, deadline=None)
@given(ON, st.integers(0, 3))
def test_noise_and_losses_are_drawn_by_name(on, seed):
    port, do = on
    one = Entry(name="x", on=port, do=build(do), when=When(begins=HOUR), incident="x")
    run, other = armed_run([one], hours=4, seed=seed, control=CONTROL), usual(seed)
    for tag, plc in (("L_T6", "PLC8"), ("L_T4", "PLC6")):
        np.testing.assert_allclose(noise(run, tag, plc), noise(other, tag, plc), atol=1e-12)
    for tag in ("L_T6", "L_T4", "L_T7"):
        assert run.quality[tag].equals(other.quality[tag])
