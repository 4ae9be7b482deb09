"""Adding an attack leaves every other component's random stream as it was."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.entries.armed import arm
from scenarios.definition.schema import from_data
from twin.plants.spec import load_plant
from twin.testbed import Testbed

PORTS = ["sensor:L_T1", "sensor:L_T7", "link:PLC2->PLC1", "link:PLC4->PLC3", "link:*->SCADA"]
READINGS = [{"drop": {}}, {"offset": {"by": 1.5}}, {"constant": {"value": 0.0}},
            {"delay": {"by": "30 min"}}, {"replay": {"window": "2 h"}}]  # fmt: skip
COMMANDS = [{"force": {"to": setting}} for setting in ("open", "closed", 0.9)]
ENTRIES = st.one_of(
    st.fixed_dictionaries({"on": st.sampled_from(PORTS), "do": st.sampled_from(READINGS)}),
    st.fixed_dictionaries(
        {
            "on": st.sampled_from([f"actuator:PU{i}" for i in range(1, 12)]),
            "do": st.sampled_from(COMMANDS),
        }
    ),
)


def demands(entries, seed):
    """Return every hour's demand multipliers of a short run; shape (hours, DMAs)."""
    attacks = from_data({"name": "x", "attacks": entries}).attacks
    drawn = []
    with Testbed(load_plant("ctown"), seed=seed, warmup=0.0) as bed:
        set_demands = bed.plant.set_demands
        bed.plant.set_demands = lambda values: (drawn.append(values.copy()), set_demands(values))
        arm(attacks, bed)
        for _ in bed.run(8 * 3600.0):
            pass
    return np.array(drawn)


@settings(max_examples=12, deadline=None)
@given(st.lists(ENTRIES, min_size=1, max_size=3), st.integers(0, 2**31))
def test_attacks_never_touch_the_demands(entries, seed):
    with_attacks = demands(entries, seed)
    assert with_attacks.shape == (8, 5)
    np.testing.assert_array_equal(with_attacks, demands([], seed))
