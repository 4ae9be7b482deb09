"""Damage: of the run, and of each incident by what a run without it was spared."""

import dataclasses

import pandas as pd
import pytest

import scenarios
from scenarios.definition.schema import from_data
from scenarios.report.account import account
from scenarios.report.words import damage_in_words
from scenarios.results.damage import DAMAGE, Harm, damage, shared, undecided
from scenarios.results.impact import counters
from scenarios.simulation import comparison, pair
from twin.errors import PlantError

HOUR = 3600.0
COLUMNS = {
    "overflow_m3": "overflow_T1_m3",
    "empty_tank_h": "empty_T1_h",
    "unmet_m3": "unmet_m3",
    "leaked_m3": "leaked_m3",
    "pump_starts": "pump_starts",
}


def meters(hours=60, **totals):
    """Stand for a run's truth: running totals, each by a function of the hour."""
    index = pd.Index([h * HOUR for h in range(hours)], name="time")
    table = pd.DataFrame(0.0, index=index, columns=list(COLUMNS.values()))
    for name, total in totals.items():
        table[COLUMNS[name]] = [total(h) for h in range(hours)]
    return table


def grows(since, rate):
    return lambda h: max(0.0, (h - since) * rate)


@pytest.mark.parametrize("name", DAMAGE)
def test_each_counter_is_damage_once_it_exceeds_what_counts(name):
    least = DAMAGE[name]
    none, little = meters(), meters(**{name: lambda h: least})
    assert damage(little, none, 0.0) == {}
    assert damage(none, none, 0.0) == {}
    assert damage(meters(**{name: grows(20, 0.6)}), none, 0.0)[name] == Harm(
        since_h=next(h for h in range(60) if (h - 20) * 0.6 > least), most=pytest.approx(23.4)
    )


def test_harm_is_the_largest_excess_and_that_of_the_time_since_the_attack():
    done = meters(pump_starts=lambda h: 40.0 if 10 <= h < 20 else 0.0)
    assert damage(done, meters(), 5 * HOUR) == {"pump_starts": Harm(10.0, 40.0)}
    assert damage(done, meters(), 30 * HOUR) == {}


def test_harm_that_only_comes_a_little_sooner_is_none():
    usual, sooner = meters(overflow_m3=grows(30, 60)), meters(overflow_m3=grows(29.9, 60))
    assert damage(sooner, usual, 0.0) == {}
    assert set(damage(meters(overflow_m3=grows(25, 60)), usual, 0.0)) == {"overflow_m3"}


def test_harm_is_said_with_its_unit_and_when_it_began():
    harms = {"pump_starts": Harm(30.0, 12.0), "overflow_m3": Harm(2.5, 1234.4)}
    assert damage_in_words(harms) == [
        "1,234 m³ spilled from day 1, 02:30 (h 2.5) on",
        "12 pump starts from day 2, 06:00 (h 30.0) on",
    ]


def test_what_two_do_together_counts_for_both_and_what_either_does_for_neither():
    together = {"overflow_m3": Harm(5.0, 100.0)}
    assert shared(together, [together, together])
    assert not shared(
        together, [{"overflow_m3": Harm(5.0, 60.0)}, {"overflow_m3": Harm(9.0, 40.0)}]
    )
    assert undecided(together, [{}, {}]) == together
    assert undecided(together, [together, {}]) == {}
    assert undecided(together, [{}, None]) == {}


def pump(name, element, hours, **more):
    begin, last = hours
    when = {"from": f"{begin} h", "for": f"{last} h"}
    return {"name": name, "on": f"actuator:{element}", "when": when} | more


CHATTER = {"chatter": {"period": "20 min"}}
WEAR = pump("wear", "PU1", (4, 8), do=CHATTER)
LIE = {"name": "lie", "on": "link:T2->PLC3", "do": {"constant": {"value": 5.8}}}
STARVE = LIE | {"when": {"from": "14 h", "for": "20 h"}, "incident": "starve"}
MASK = {"constant": {"value": 1}}
HIDE = {"name": "hide", "on": "link:PLC1->SCADA", "tags": ["S_PU1"], "do": MASK,
        "when": {"start": "wear.active", "follow": True}, "incident": "wear"}  # fmt: skip


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HYDROTWIN_CACHE", str(tmp_path / "pairs"))
    return tmp_path / "pairs"


def scenario(*attacks, **more):
    data = {"name": "x", "duration": "40 h", "warmup": "0 h", "detector": None, **more}
    return from_data(data | {"attacks": list(attacks)})


def said(run, title="Their damage"):
    return next(section.lines for section in account(run) if section.title == title)


def test_each_incident_has_the_damage_that_would_not_have_come_without_it(cache):
    never = pump("never", "PU4", (90, 1), do={"force": {"to": "closed"}})
    one = scenario(WEAR, HIDE, STARVE, never)
    run = scenarios.run(one)
    wear, starve, idle = run.incidents
    assert 4 < wear.damage["pump_starts"].since_h < 12
    assert "pump_starts" not in starve.damage
    assert {"empty_tank_h", "unmet_m3"} & set(starve.damage)
    assert starve.damage_h > 14
    assert idle.damage == {}
    assert set(run.damage) == set(wear.damage) | set(starve.damage)
    spared = scenarios.run(scenario(WEAR, HIDE))  # as if starve had never been written
    excess = counters(run.truth) - counters(spared.truth)
    for name, harm in starve.damage.items():
        assert harm.most == pytest.approx(excess[name].max(), rel=0.02)
    told = run.summary()
    assert [set(a["damage"]) for a in told["attacks"]] == [
        set(wear.damage), set(starve.damage), set()]  # fmt: skip
    assert told["attacks"][0]["damage"]["pump_starts"]["most"] == wear.damage["pump_starts"].most
    assert set(told["damage"]) == set(run.damage)
    lines = said(run)
    assert lines[0] == "wear: more than in the same run without it:"
    assert list(lines[1 : 1 + len(wear.damage)]) == [
        f"  {one}" for one in damage_in_words(wear.damage)
    ]
    assert "starve: more than in the same run without it:" in lines


def test_only_several_incidents_cost_runs_of_their_own_and_those_are_kept(cache, monkeypatch):
    scenarios.run(scenario(WEAR, HIDE))
    assert len(list(cache.iterdir())) == 1
    told = []
    scenarios.run(scenario(WEAR, HIDE, STARVE), on_compare=told.append)
    assert told == ["wear", "starve"]
    assert len(list(cache.iterdir())) == 3
    monkeypatch.setattr(pair, "testbed", None)  # nothing can be run any more
    one = scenario(WEAR, HIDE, STARVE)
    assert len(pair.paired_truth(one, one.plant_spec(), "wear")) == 40 * 12 + 1


def test_without_a_pair_no_damage_is_known_and_it_says_so(cache):
    run = scenarios.run(scenario(WEAR, STARVE), pair=False)
    assert run.damage is None
    assert [one.damage for one in run.incidents] == [None, None]
    assert run.summary()["damage"] is None
    assert "not compared" in said(run)[0]
    assert not cache.exists()


def test_what_either_of_two_would_do_alone_is_told_of_both_together(cache):
    twins = [pump(f"drain-{n}", "V2", (4, 30), do={"force": {"to": "closed"}}) for n in (1, 2)]
    run = scenarios.run(scenario(*twins))
    assert run.damage
    assert [one.damage for one in run.incidents] == [{}, {}]
    assert any(line.startswith("No incident alone decides this") for line in said(run))


def test_an_incident_left_out_may_still_be_waited_for():
    one = scenario(WEAR, STARVE | {"when": {"start": "wear.ended", "for": "10 h"}})
    kept = pair.other(one, "wear").attacks
    assert [entry.name for entry in kept] == ["wear", "lie"]
    assert [entry.name for entry in pair.other(one, "starve").attacks] == ["wear"]
    run = scenarios.run(one)
    wear, starve = run.incidents
    assert starve.start_h >= 12
    assert set(wear.damage) >= set(starve.damage)  # the lie would not have come without it


def test_a_fault_may_wait_for_an_attack():
    fault = {"name": "leak", "on": "plant:J280", "do": {"leak": {"area": 0.001}},
             "when": {"start": "wear.active"}}  # fmt: skip
    run = scenarios.run(scenario(WEAR, faults=[fault]))
    assert run.truth["leaked_m3"].iloc[-1] > 10
    assert run.paired["leaked_m3"].iloc[-1] == 0
    assert "leaked_m3" in run.incidents[0].damage


@pytest.mark.parametrize(
    ("error", "note"),
    [
        (PlantError("no water"), "what wear did is not known: the run without it failed, no water"),
        (KeyboardInterrupt(), "stopped by the user: what wear and starve did is not known"),
    ],
)
def test_a_run_without_an_incident_that_fails_or_is_stopped_costs_its_damage_only(
    cache, monkeypatch, error, note
):
    real = comparison.paired_truth

    def fails(one, spec, incident=None):
        if incident == "wear":
            raise error
        return real(one, spec, incident)

    monkeypatch.setattr(comparison, "paired_truth", fails)
    run = scenarios.run(scenario(WEAR, STARVE))
    assert run.status == "done"
    assert note in run.notes
    assert run.incidents[0].damage is None
    assert "wear: not known." in said(run)


def test_faults_alone_are_compared_too_and_called_faults(cache):
    leak = {"name": "leak", "on": "plant:J280", "do": {"leak": {"area": 0.001}}}
    run = scenarios.run(dataclasses.replace(scenario(faults=[leak])))
    assert "leaked_m3" in run.damage
    (water,) = (section for section in account(run) if section.title == "The water")
    assert any("m³ leaked away (0 m³ without the fault)" in line for line in water.lines)


@pytest.mark.parametrize("model", ["pressure-driven", "demand-driven"])
def test_an_attackers_own_thirst_is_no_customers_demand(model):
    thief = {
        "on": "plant:J280",
        "do": {"demand": {"extra": 10000}},
        "when": {"from": "2 h", "for": "1 h"},
    }
    data = {
        "name": "x",
        "duration": "6 h",
        "warmup": "0 h",
        "demand_model": model,
        "attacks": [thief],
    }
    run = scenarios.run(from_data(data), watch=False)
    total = run.impact["run"]
    assert total["added_m3"] > 1000.0
    assert 0.0 <= total["availability_percent"] <= 100.0
    assert total["unmet_m3"] <= run.impact.loc["drawn_m3", "paired"]
    assert run.impact.loc["added_m3", "paired"] == 0.0
