"""What may be written, within which range, by whom."""

import math

import pytest

from scenarios.live.commands import check, ranges
from scenarios.live.pages.command import typed
from scenarios.live.snapshot import nothing_yet
from scenarios.live.users import Visitor
from twin.errors import InputError
from twin.plants.spec import load_plant

NAN = math.nan


@pytest.fixture(scope="module")
def spec():
    return load_plant("ctown")


def refused(spec, role, name, value):
    try:
        check(spec, nothing_yet(len(spec.tags)), Visitor("ann", role, False, True), name, value)
    except InputError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("role", "name", "value", "words"),
    [
        ("view", "PU1", 0.0, "may look only"),
        ("operate", "PU1", 0.0, None),
        ("operate", "PU1", NAN, None),
        ("operate", "PU1", 0.9, None),
        ("operate", "PU1", 7.0, "speed"),
        ("operate", "V2", 0.9, "opened, closed"),
        ("operate", "SP_PU1_closed", 5.0, None),
        ("operate", "SP_PU1_closed", 6.2, "an engineer may"),
        ("engineer", "SP_PU1_closed", 6.2, None),
        ("engineer", "SP_PU1_closed", 9.0, "outside 0 to 6.5 m"),
        ("engineer", "SP_PU1_closed", 3.0, "must be above SP_PU1_open"),
        ("engineer", "SP_PU1_open", 6.4, "must be below SP_PU1_closed"),
        ("engineer", "SP_PU1_open", NAN, "a number"),
        ("engineer", "PU77", 1.0, "no PLC takes 'PU77'"),
    ],
)
def test_a_command_is_checked_before_it_is_asked_for(spec, role, name, value, words):
    why = refused(spec, role, name, value)
    assert why is None if words is None else words in why


def test_every_setpoint_has_a_range_that_holds_its_own_value(spec):
    for plc in spec.plcs.values():
        for name in plc.setpoints:
            _, possible = ranges(spec, name)
            assert possible.low <= plc.orders[name] <= possible.high


@pytest.mark.parametrize(("text", "value"), [("5.5", 5.5), ("5,5", 5.5), (" 4 ", 4.0)])
def test_a_number_is_typed_with_a_point_or_a_comma(text, value):
    assert typed(text) == value


@pytest.mark.parametrize("text", ["", "five", "1,000.5", "nan", "inf"])
def test_what_is_no_number_is_told(text):
    with pytest.raises(InputError, match="is no number"):
        typed(text)
