import numpy as np
import pytest

import scenarios
from scenarios.definition.schema import load, to_yaml
from twin.errors import InputError


def test_one_field_of_an_entry_is_changed_by_its_name():
    base = load("t1-overflow-concealed")
    varied = base.vary("attacks.hide-overflow.do.replay.window", "3 d")
    assert varied.attacks[1].do.window == 3 * 86400
    assert base.attacks[1].do.window == 2 * 86400
    assert to_yaml(varied.vary("attacks.1.do.replay.window", "48 h")) == to_yaml(base)


def test_fields_left_at_default_can_be_set():
    base = load("t1-overflow-concealed")
    assert base.vary("attacks.blind-plc1.when.delay", "3 h").attacks[0].when.delay == 10800
    assert base.vary("initial_levels.T1", 4).initial_levels == {"T1": 4.0}
    assert base.vary("overflow", "close").overflow == "close"


def test_values_of_numpy_and_units_are_taken_as_in_files():
    base = load("t1-overflow-concealed")
    assert base.vary("seed", np.int64(3)).seed == 3
    assert base.vary("duration", "2 d").duration == 2 * 86400


def test_a_run_takes_a_duration_with_its_unit():
    base = load("normal").vary("warmup", "0 h").vary("detector", None)
    assert scenarios.run(base, duration="2 h").hours == 2
    with pytest.raises(InputError, match=r"duration.*unit"):
        scenarios.run(base, duration="2 dd")


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("attacks.blind-plc.when.from", "1 h", "did you mean blind-plc1?"),
        ("attacks.blind-plc1.do.offset.by", 1.0, "this entry's kind is drop, not offset"),
        ("attacks.hide-overflow.do.replay.windov", "1 h", "did you mean window?"),
        ("faults.leak.do.leak.area", 1.0, "the scenario has no faults"),
        ("sede", 1, "did you mean seed?"),
        ("seed.x", 1, "seed is 0, which has no fields"),
        ("seed", 1.5, "seed"),
        ("", 1, "path is empty"),
    ],
)
def test_a_wrong_path_or_value_is_told(path, value, told):
    with pytest.raises(InputError) as raised:
        load("t1-overflow-concealed").vary(path, value)
    assert told in str(raised.value)
