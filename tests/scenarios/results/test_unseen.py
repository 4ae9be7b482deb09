"""Limits passed while SCADA raised no alarm: suppressed ones, and those of a forged view."""

import pytest

import scenarios
from scenarios.definition.schema import from_data
from scenarios.report.account import account
from scenarios.report.story import plot_story
from scenarios.results.unseen import unseen_limits
from tests.scenarios.report.test_story import texts

STOP = {"name": "stop", "on": "actuator:PU8", "do": {"force": {"to": "closed"}}, "incident": "x"}


def silenced(also=(), **more):
    entry = {"name": "silence", "on": "scada", "do": {"suppress-alarms": {}}, "incident": "x"}
    data = {"name": "x", "duration": "8 h", "warmup": "24 h", "attacks": [STOP, entry | more]}
    data["attacks"] += also
    return scenarios.run(from_data(data), watch=False, pair=False)


@pytest.fixture(scope="module")
def whole():
    return silenced()


def operator(run):
    return next(s.lines for s in account(run) if s.title == "What the operator saw")


def test_suppressed_alarms_are_limits_passed_unseen_and_told_with_their_time(whole):
    unseen = [(one.tag, one.limit, one.seen) for one in unseen_limits(whole)]
    assert unseen == [("L_T5", "L", None), ("L_T5", "LL", None)]
    first = unseen_limits(whole)[0]
    limit = whole.spec.wiring.limits["L_T5"].L
    assert whole.truth["L_T5"].loc[first.time] < limit <= whole.truth["L_T5"].loc[first.time - 300]
    told = operator(whole)
    assert "2 limits were passed unseen:" in told
    assert any(line.startswith("  L_T5 L: ") for line in told)
    assert "no limit was passed" not in texts(plot_story(whole))
    assert [one["limit"] for one in whole.summary()["unseen_limits"]] == ["L", "LL"]


def test_alarms_of_other_tags_than_the_entrys_are_raised():
    other = silenced(tags=["L_T1"])
    assert set(other.limits["tag"]) == {"L_T5"}
    assert unseen_limits(other) == []
    own = silenced(tags=["L_T5"])
    assert not len(own.limits)
    assert len(unseen_limits(own)) == 2


def test_what_is_raised_when_the_suppression_ends_was_unseen_until_then():
    late = silenced(when={"to": "7 h"})
    assert {one.seen for one in unseen_limits(late)} == {7 * 3600.0}


def test_a_forged_view_hides_limits_too():
    lie = {"name": "lie", "on": "link:PLC7->SCADA", "do": {"freeze": {}}, "incident": "x"}
    data = {"name": "x", "duration": "8 h", "warmup": "24 h", "attacks": [STOP, lie]}
    run = scenarios.run(from_data(data), watch=False, pair=False)
    assert {one.tag for one in unseen_limits(run)} == {"L_T5"}
    assert {(one.true, one.shown, one.hidden_by) for one in unseen_limits(run)} == {
        (True, False, ("lie",))
    }
    assert any("SCADA was shown another value by lie" in line for line in operator(run))


def test_alarms_of_a_forged_view_are_told_when_they_are_suppressed():
    """The water passes L and LL, SCADA is shown a full tank: no alarm of either."""
    lie = {"name": "lie", "on": "link:PLC7->SCADA", "tags": ["L_T5"], "incident": "x",
           "do": {"constant": {"value": 4.49}}, "when": {"from": "1 h"}}  # fmt: skip
    run = silenced(also=[lie])
    told = {(one.limit, one.true, one.shown, one.hidden_by) for one in unseen_limits(run)}
    assert {("HH", False, True, ("silence",)), ("LL", True, False, ("lie",))} <= told
    lines = operator(run)
    assert any("suppressed of limits that the water did not pass" in line for line in lines)
    assert any(line.startswith("  L_T5 HH: 4.49 m") and "by silence" in line for line in lines)
