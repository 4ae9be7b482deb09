import pandas as pd
import pytest

from scenarios.bench import evasion
from scenarios.bench.picture import plot_evasion
from scenarios.bench.trial import Watch
from scenarios.bench.words import EVASION_HEADS, evasion_rows
from scenarios.definition.check import armed
from scenarios.sweeps.job import plant_of

KNOWN = (Watch("pca", "pca"), Watch("mine", "cnn-lstm"))


@pytest.fixture(scope="module")
def tries():
    return evasion.attempts(KNOWN, 2, 40)


def test_every_disguise_is_tried_at_every_reach_against_every_detector(tries):
    harms, disguises = evasion.table()["harms"], evasion.table()["disguises"]
    reaches = sum(len(harm["reach"]) for harm in harms)
    once = len(harms) + reaches * (len(disguises) - 1 + len(KNOWN))
    assert len(tries) == 2 * once
    assert {case.scenario.seed for case, _ in tries} == {40, 41}


def test_who_hides_from_one_detector_is_watched_by_that_one(tries):
    for case, watching in tries:
        hidden = [e.do.detector for e in case.scenario.attacks if e.do.kind == "evade"]
        assert [watch.detector for watch in watching] == (hidden or ["pca", "cnn-lstm"])


def test_all_of_them_can_be_armed_and_reach_what_they_say(tries):
    spec = plant_of(tries[0][0].scenario)
    plcs = {tag.name: tag.plc for tag in spec.tags}
    for case, _ in tries[: len(tries) // 2]:
        with armed(case.scenario, spec) as (_, entries):
            disguise, reach = case.size.split(", ")
            if disguise == evasion.NOTHING:
                continue
            tags = entries[-1].touched
            assert {"one tag": len(tags) == 1, "three tags": len(tags) == 3,
                    "one PLC": len({plcs[tag] for tag in tags}) == 1,
                    "all": set(tags) == set(spec.tag_names)}[reach]  # fmt: skip


def test_what_is_done_before_the_alarm_is_told_by_reach():
    common = {"status": "done", "detector": "pca", "family": "T1 spilled", "visible_s": 0.0,
              "harm_m3": 100.0, "stood_h": 2.0}  # fmt: skip
    rows = pd.DataFrame([
        common | {"size": "nothing, none", "detected": True, "delay_min": 60.0,
                  "harm_until_m3": 10.0},
        common | {"size": "evade, all", "detected": True, "delay_min": 120.0,
                  "harm_until_m3": 40.0},
        common | {"size": "evade, all", "detected": False, "delay_min": None,
                  "harm_until_m3": 100.0},
        common | {"status": "failed", "size": "evade, all"},
    ])  # fmt: skip
    found = evasion.figures(rows)
    assert found["failed"] == 1
    one = found["detectors"]["pca"]["evade"]["all"]
    assert (one["runs"], one["noticed"], one["median_min"]) == (2, 0.5, 120.0)
    assert one["stood_h"] == 2.0
    assert (one["harm_m3"], one["harm_until_noticed_m3"]) == (100.0, 70.0)
    told = evasion_rows("pca", found["detectors"]["pca"])
    assert all(len(row) == len(EVASION_HEADS) for row in told)
    plot_evasion(found, ["all"], "x").canvas.draw()
