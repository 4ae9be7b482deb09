import numpy as np
import pytest

import detector
from detector import Cause
from scenarios.bench import trial
from scenarios.bench.recipes import SIZES, Case, cases, recipes
from scenarios.bench.recording import record, usual
from scenarios.bench.trial import Watch, attacked, attempt, law_of, noticed, row_key, trial_of
from scenarios.definition.check import armed
from scenarios.definition.schema import from_data
from scenarios.simulation.session import Session
from scenarios.simulation.watch import shadow_of
from scenarios.sweeps.job import plant_of
from twin.shadow.perturbation import Perturbation

HOUR = 3600.0
DATA = {
    "name": "short", "duration": "12 h", "warmup": "168 h", "detector": "pca",
    "attacks": [{"on": "link:*->SCADA", "do": {"scale": {"factor": 0.3}},
                 "when": {"from": "4 h", "for": "6 h"}}],
}  # fmt: skip


def scenario_of(**changed):
    return from_data({**DATA, **changed})


def case_of(**changed):
    return Case("attack", "readings", "large", "offset", 0, scenario_of(detector=None, **changed))


def test_the_table_has_every_family_in_several_sizes():
    listed = recipes()
    sizes = {family: {r.size for r in listed if r.family == family} for family in
             {r.family for r in listed if r.label == "attack"}}  # fmt: skip
    assert set(sizes) == {"readings", "time", "replay", "concealed", "commands", "logic", "scada",
                          "process", "stealthy", "covert"}  # fmt: skip
    assert all(each == set(SIZES) for each in sizes.values())


def test_every_incident_can_be_armed_and_ends_before_its_run():
    tried = cases(1, 1, 0)[1:]
    assert len(tried) == len(recipes())
    spec = plant_of(tried[0].scenario)
    for case in tried:
        with armed(case.scenario, spec) as (_, entries):
            for one in entries:
                when = one.entry.when
                assert 48 * HOUR <= when.begins < 72 * HOUR
                assert when.begins + when.lasts < case.scenario.duration


def test_incidents_take_the_seeds_of_the_normal_weeks():
    tried = cases(3, 2, 50)
    weeks = [case.scenario.seed for case in tried if case.label == "normal"]
    assert weeks == [50, 51, 52]
    assert {case.scenario.seed for case in tried} == set(weeks)
    first, again = (
        [case.scenario.seed for case in tried if case.scenario.name == "attack-0"][run]
        for run in (0, 1)
    )
    assert first != again or len(recipes()) % 3 == 0


def test_a_trial_says_what_a_watched_run_says():
    key = "0"
    (row,) = attempt(trial_of(case_of(), [(key, Watch("pca", "pca"))]))["rows"]
    with Session.open(scenario_of()) as session:
        session.advance(12 * HOUR)
        run = session.conclude()
    assert row["status"] == "done"
    starts = [start for start, _ in row["episodes_s"]]
    assert starts == run.alarms.index.tolist()
    (incident,) = run.incidents
    assert row["visible_s"] == 4 * HOUR
    assert row["detected"] == incident.detected
    assert row["detected"]
    assert row["delay_min"] == pytest.approx(incident.delay_h * 60.0)
    assert row["damage_h"] == incident.damage_h


def test_what_breaks_one_detector_is_told_and_spares_the_others():
    watches = [("0", Watch("broken", "nothing.safetensors")), ("1", Watch("pca", "pca"))]
    broken, sound = attempt(trial_of(case_of(), watches))["rows"]
    assert (broken["status"], sound["status"]) == ("failed", "done")
    assert "nothing.safetensors" in broken["error"]


def test_a_detector_trained_beside_a_wrong_shadow_twin_watches_beside_one(tmp_path, monkeypatch):
    mine = detector.load("physics", "ctown", interval_s=300.0)
    mine.about["options"]["perturb"] = {"roughness": 0.05, "seed": 3}
    mine.save(tmp_path / "mine.safetensors")
    given = []

    def told(scenario, perturb):
        given.append(perturb)
        return shadow_of(scenario, perturb)

    monkeypatch.setattr(trial, "shadow_of", told)
    watches = [
        ("0", Watch("mine", str(tmp_path / "mine.safetensors"))),
        ("1", Watch("p", "physics")),
    ]
    rows = attempt(trial_of(case_of(warmup="24 h"), watches))["rows"]
    assert [row["status"] for row in rows] == ["done", "done"]
    assert given == [Perturbation(roughness=0.05, seed=3), None]


def test_without_incident_it_is_the_usual_run():
    scenario = scenario_of(attacks=[], detector=None)
    frames, kept = record(scenario, plant_of(scenario)).frames, usual(scenario_of()).frames
    np.testing.assert_array_equal(frames, kept)
    assert frames.index[0] == -168 * HOUR


def test_a_row_is_named_by_all_that_it_depends_on():
    mine, other = case_of(), case_of(seed=7)
    keys = {row_key(mine, Watch("pca", "pca")), row_key(other, Watch("pca", "pca")),
            row_key(mine, Watch("pca", "pca", "roughness", 0, (("roughness", 0.05),))),
            row_key(mine, Watch("cnn-lstm", "cnn-lstm"))}  # fmt: skip
    assert len(keys) == 4
    assert row_key(mine, Watch("pca", "pca")) in keys


@pytest.mark.parametrize(
    ("episodes", "found"),
    [
        ([], None),
        ([(3, 20)], None),  # on before: it tells nothing new
        ([(3, 5), (11, 12)], (11, 12)),
        ([(9, 9)], None),  # before the first frame that shows it
        ([(30, 31)], None),  # after its end
    ],
)
def test_what_counts_as_noticed(episodes, found):
    assert noticed(episodes, [(8, 30)], 10) == found


@pytest.mark.parametrize(
    ("entry", "tags", "plcs", "districts"),
    [
        ({"on": "link:PLC2->PLC1", "tags": ["L_T1"], "do": {"drop": {}}},
         {"L_T1"}, {"PLC1", "PLC2"}, set()),
        ({"on": "actuator:PU3", "do": {"force": {"to": "open"}}},
         {"F_PU3", "S_PU3"}, {"PLC1"}, set()),
        ({"on": "plc:PLC5", "do": {"setpoint": {"actuators": ["PU10"], "opens_below": 3,
                                                "closes_above": 3.1}}},
         {"F_PU10", "S_PU10"}, {"PLC5"}, set()),
        ({"on": "plant:DMA2", "do": {"demand": {"factor": 2}}}, None, None, {"DMA2"}),
    ],
)  # fmt: skip
def test_what_an_attack_is_about(entry, tags, plcs, districts):
    scenario = scenario_of(attacks=[entry])
    found = attacked(scenario.entries, plant_of(scenario))
    assert found[2] == districts
    if tags is not None:
        assert found[:2] == (tags, plcs)


def test_every_law_is_one_that_a_cause_can_name():
    assert {recipe.law for recipe in recipes()} == {
        "",
        "rules",
        "mass balance",
        "hydraulics",
        "demand",
    }
    names = ("rules of PLC1 for PU3", "mass balance of T1", "hydraulics at PU1", "demand of DMA2")
    found = [law_of([Cause(name, 1.0, "equation")]) for name in names]
    assert found == ["rules", "mass balance", "hydraulics", "demand"]
    assert law_of([Cause("L_T1", 1.0)]) == law_of([]) == ""


def test_a_cause_is_right_by_its_tag_its_district_or_its_plc():
    scenario = scenario_of(attacks=[{"on": "sensor:L_T3", "do": {"dead": {}}}])
    spec = plant_of(scenario)
    causes = [Cause("F_PU1", 0.5), Cause("mass balance of T3", 0.3, "equation", ("L_T3",))]
    found = trial._localised(causes, scenario.entries, spec)
    assert (found["tag_place"], found["plc_place"]) == (2, 2)
    leak = scenario_of(attacks=[{"on": "plant:DMA2", "do": {"demand": {"factor": 2}}}])
    district = [Cause("demand of DMA2", 1.0, "district")]
    assert trial._localised(district, leak.entries, spec)["tag_place"] == 1
    beside = [Cause("demand of DMA3", 1.0, "district", ("L_T3",))]
    assert trial._localised(beside, scenario.entries, spec)["tag_place"] is None
    all_tags = scenario_of(attacks=[{"on": "link:*->SCADA", "do": {"drop": {}}}])
    assert trial._localised(causes, all_tags.entries, spec) == {"localisable": False}
