"""A run that begins shortly before its attacks equals the one that ran whole, in every table."""

import dataclasses

import pandas as pd
import pytest
from ruamel.yaml import YAML

import scenarios
from attacks.discovery import kinds
from scenarios.definition.schema import from_data, library, load
from scenarios.simulation import cache, pair, past, session

TABLES = ["truth", "plc", "scada", "quality", "paired", "labels", "scores", "alarms", "limits"]
TABLES += ["events", "impact"]
REST = ["status", "reason", "damage", "incidents", "false_episodes", "fault_episodes", "detectors"]
REST += ["notes", "orders"]


def both(scenario, monkeypatch, **options):
    """Return a run that begins late, one that ran whole, and when the first began [s]."""
    began = []

    def noted(bed, *known):
        past.begin(bed, *known)
        began.append(None if bed.env.now == -bed.warmup else bed.env.now)

    with monkeypatch.context() as patch:
        patch.setattr(session, "begin", noted)
        late = scenarios.run(scenario, **options)
    with monkeypatch.context() as patch:
        patch.setattr(session, "begin", lambda *_: None)
        whole = scenarios.run(scenario, **options)
    return late, whole, *began


def expect_the_same(late, whole):
    for name in TABLES:
        one, other = getattr(late, name), getattr(whole, name)
        if other is None:
            assert one is None
        else:
            pd.testing.assert_frame_equal(one, other, check_exact=True, obj=name)
    for name in REST:
        assert repr(getattr(late, name)) == repr(getattr(whole, name)), name
    assert repr(late.slips) == repr(whole.slips)


def week(**fields):
    return from_data({"name": "x", "duration": "3 d", "warmup": "1 d", "detector": None} | fields)


def attack(do, on="sensor:L_T1", **when):
    return {"on": on, "do": do, "when": when}


LATE = [
    ([attack({"offset": {"by": 1.0}}, **{"from": "50 h"})], 2),
    ([attack({"offset": {"by": 1.0}}, **{"from": "30 min"})], None),
    ([attack({"offset": {"by": 1.0}}, start="L_T1 > 4 and t > 52")], 2),
    ([attack({"replay": {"shift": "20 h"}}, "link:PLC2->SCADA", **{"from": "50 h"})], 1),
    ([attack({"replay": {"shift": "50 h"}}, "link:PLC2->SCADA", **{"from": "50 h"})], None),
    ([attack({"offset": {"by": 1.0}}, start="seen.L_T1 > 4", not_before="60 h")], None),
    ([attack({"freeze": {}}, random={"gap": "51 h", "for": "2 h"})], 2),
    ([attack({"offset": {"by": 1.0}}, start="L_T1 > 90")], 2),
]


@pytest.mark.parametrize(("attacks", "day"), LATE)
def test_it_begins_at_the_last_day_from_which_it_has_heard_all(attacks, day, monkeypatch):
    late, whole, began = both(week(attacks=attacks), monkeypatch)
    assert began == (None if day is None else day * 86400)
    expect_the_same(late, whole)


def test_several_incidents_with_pairs_of_their_own(monkeypatch):
    attacks = [
        attack({"drop": {}}, "link:PLC2->PLC1", start="S_PU2 > 0", not_before="26 h", name="a"),
        attack({"offset": {"by": -1.0}}, "link:PLC4->PLC3", **{"from": "40 h"}, name="b"),
    ]
    for one, name in zip(attacks, "ab", strict=True):
        one |= {"name": name, "incident": name}
        del one["when"]["name"]
    late, whole, began = both(week(attacks=attacks), monkeypatch)
    assert began == 86400
    expect_the_same(late, whole)


@pytest.mark.slow
def test_a_detector_sees_the_frames_of_before(monkeypatch):
    late, whole, began = both(load("t2-starved"), monkeypatch, duration="4 d")
    assert began >= 0
    assert len(late.scores) == 4 * 288  # physics scores every frame
    expect_the_same(late, whole)


def test_a_normal_run_skips_a_warm_up_that_was_run_before(monkeypatch):
    late, whole, began = both(week(), monkeypatch)
    assert began in (0, 2 * 86400)  # from the warm-up, or from a longer past like it
    expect_the_same(late, whole)


def test_latency_noise_and_orders(monkeypatch):
    control = {
        "sensors": {"*": {"noise": 0.01}},
        "links": {"*": {"latency": "20 s", "jitter": "20 s"}},
    }
    operator = [{"at": "5 h", "write": {"SP_PU1_open": 4.2}}]
    attacks = [attack({"drop": {}}, "link:PLC2->PLC1", **{"from": "50 h"})]
    one = week(attacks=attacks, control=control, operator=operator)
    late, whole, began = both(one, monkeypatch)
    assert began == 2 * 86400
    expect_the_same(late, whole)


def test_what_is_not_known_to_be_alike_runs_whole(monkeypatch):
    attacks = [attack({"offset": {"by": 1.0}}, **{"from": "50 h"})]
    lossy = {"links": {"PLC2->PLC1": {"loss": 0.1}}}
    assert both(week(attacks=attacks, control=lossy), monkeypatch)[2] is None
    faults = [attack({"offset": {"by": 1.0}}, **{"from": "10 h"})]
    late, whole, began = both(week(attacks=attacks, faults=faults), monkeypatch)
    assert began == 0  # its pair has a fault: only the warm-up is shared
    expect_the_same(late, whole)


def test_a_longer_runs_past_serves_a_shorter_one_and_a_damaged_one_costs_time_only(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("HYDROTWIN_CACHE", str(tmp_path / "pairs"))
    one = week(attacks=[attack({"offset": {"by": 1.0}}, **{"from": "40 h"})])
    scenarios.run(one)
    late, whole, began = both(dataclasses.replace(one, duration=45 * 3600.0), monkeypatch)
    assert began == 86400
    expect_the_same(late, whole)
    past._recent.clear()
    assert both(one, monkeypatch)[2] == 86400
    for path in cache.cache("pasts").iterdir():
        path.write_bytes(b"nothing")
    past._recent.clear()
    assert pair.past_of(one, one.plant_spec()).states.keys() == {0}  # the warm-up, run again


def test_a_session_is_no_further_than_it_was_asked_to_be():
    one = week(attacks=[attack({"offset": {"by": 1.0}}, **{"from": "50 h"})])
    scenarios.run(one)
    with session.Session.open(one) as opened:
        assert opened.advance(10 * 3600.0) == 10 * 3600.0
        assert opened.advance(30 * 3600.0) == 30 * 3600.0


@pytest.mark.slow
@pytest.mark.parametrize("name", library())
def test_every_library_scenario(name, monkeypatch):
    late, whole, _ = both(load(name), monkeypatch)
    expect_the_same(late, whole)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kinds_example(kind, monkeypatch):
    entry = YAML(typ="safe").load(kinds()[kind].example)
    entry = {"when": {"from": "30 h"}} | dict(entry)
    late, whole, _ = both(week(attacks=[entry]), monkeypatch)
    expect_the_same(late, whole)
