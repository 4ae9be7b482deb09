import math

import pandas as pd
import pytest

from scenarios.bench.figures import figures, wilson
from scenarios.bench.picture import plot_bench
from scenarios.bench.words import advice, detector_row, shadow_row

HOUR = 3600.0
COLUMNS = ("label", "family", "size", "what", "seed", "episodes_s", "visible_s", "damage_h",
           "detected", "before_damage", "delay_min", "stood_h", "tag_place")  # fmt: skip
PEAKS = {"delay": 2.0, "covert": 9.0, "trip": 3.0}  # of the alarm's score, over its line
LAWS = {"delay": ("rules", "rules"), "covert": ("rules", "demand"), "trip": ("rules", "")}
WEEK = ("normal", "", "", "", 1, [[9 * HOUR, 9 * HOUR]], None, None, None, None, None, None, None)
OTHER = ("normal", "", "", "", 2, [], None, None, None, None, None, None, None)
# The same incident with two seeds, noticed with one; one that is not to be seen; a harmful one.
ROWS = [
    WEEK,
    OTHER,
    ("attack", "time", "small", "delay", 1, [], 8 * HOUR, None, True, None, 30.0, 0.5, 1),
    ("attack", "time", "small", "delay", 2, [], 8 * HOUR, None, False, None, None, None, None),
    ("attack", "time", "small", "drop", 1, [], None, None, None, None, None, None, None),
    ("attack", "covert", "large", "covert", 2, [], 8 * HOUR, 20.0, True, False, 900.0, 9.0, None),
    ("fault", "pump", "large", "trip", 1, [], 8 * HOUR, None, True, None, 0.0, 4.0, 3),
]


def table(rows=ROWS, **changed):
    common = {"status": "done", "detector": "mine", "setting": "", "draw": 0, "interval_s": 300.0,
              "ms": 0.5, "weeks": 1.0, "spans_s": [[8 * HOUR, 30 * HOUR]], "already_on": False,
              "localisable": True, "plc_place": 1, **changed}  # fmt: skip
    found = pd.DataFrame([dict(zip(COLUMNS, row, strict=True)) | common for row in rows])
    law, named = zip(*(LAWS.get(what, ("", "")) for what in found["what"]), strict=True)
    return found.assign(law=law, named_law=named, peak=found["what"].map(PEAKS))


@pytest.fixture
def mine():
    return figures(table())["detectors"]["mine"]


def test_shares_are_of_what_scada_shows(mine):
    every = mine["all"]
    assert (every["runs"], every["visible"]) == (4, 3)
    assert every["detected"] == pytest.approx(2 / 3)
    assert mine["without_covert"]["detected"] == 0.5
    assert mine["families"]["covert"]["detected"] == 1.0
    assert mine["faults"]["all"]["detected"] == 1.0
    assert (every["harmful"], every["harmful_detected"], every["before_damage"]) == (1, 1.0, 0.0)
    assert every["brief"] == 0.5


def test_what_is_missed_is_later_than_any_delay(mine):
    assert (mine["all"]["median_min"], mine["all"]["p90_min"]) == (900.0, None)


def test_a_cause_counts_from_the_place_where_it_is_named(mine):
    assert (mine["all"]["tag_top1"], mine["all"]["tag_top3"]) == (0.5, 0.5)
    assert (mine["faults"]["all"]["tag_top1"], mine["faults"]["all"]["tag_top3"]) == (0.0, 1.0)


def test_the_law_that_is_named_counts_where_one_is_broken_and_one_is_named(mine):
    assert (mine["all"]["law"], mine["all"]["lawful"]) == (0.5, 2)
    assert (mine["faults"]["all"]["law"], mine["faults"]["all"]["lawful"]) == (None, 0)
    faults = {"all": {"law": 1.0, "lawful": 3}, "families": {}}
    (line,) = (
        each for each in advice({"detectors": {"mine": mine | {"faults": faults}}}) if "law" in each
    )
    assert "50 % of 2 attacks and 100 % of 3 faults" in line
    assert "AUC of 0.50" in line


def test_attacks_are_told_from_faults_by_the_score_as_often_as_theirs_is_the_higher(mine):
    assert mine["told_apart"] == 0.5  # of the two noticed attacks, one is above the fault


def test_false_episodes_have_the_interval_of_a_poisson_mean(mine):
    # Of one event: .0253 to 5.572 (Garwood 1936), here in two weeks.
    assert mine["normal"]["per_week"] == 0.5
    assert mine["normal"]["interval"] == pytest.approx([0.0253 / 2, 5.572 / 2], abs=1e-3)


def test_what_a_false_episode_would_have_noticed_is_told(mine):
    # Seed 1's normal week has an episode at h 9, within the incident that can be seen from h 8.
    assert mine["all"]["by_chance"] == pytest.approx(1 / 3)


def test_an_incident_that_swings_by_seed_is_named(mine):
    (swing,) = mine["swinging"]
    assert (swing["what"], swing["noticed_with"], swing["missed_with"]) == ("delay", [1], [2])
    assert any("swing by seed" in line and "delay" in line for line in advice({
        "detectors": {"mine": mine}}))  # fmt: skip


def test_wilsons_interval():
    # Worked by hand: 8 of 10 gives .4902 to .9433.
    assert wilson(8, 10) == pytest.approx([0.4902, 0.9433], abs=1e-4)
    assert wilson(0, 0) is None


def test_a_wrong_shadow_is_told_by_draw():
    rows = pd.concat([table(setting="roughness 5 %"), table(setting="roughness 5 %", draw=1)])
    (one,) = figures(rows)["shadows"]["mine"].values()
    assert (one["draws"], one["detected_by_draw"]) == (2, pytest.approx([2 / 3, 2 / 3]))
    assert len(shadow_row("roughness 5 %", "mine", one)) == 8


def test_rows_that_failed_are_counted_apart():
    rows = pd.concat([table(), table([WEEK], status="failed")])
    found = figures(rows)
    assert found["failed"] == 1
    assert found["detectors"]["mine"]["normal"]["weeks"] == 2.0


def test_a_detector_that_notices_nothing_can_be_drawn_and_told(mine):
    rows = table([WEEK, OTHER, (*ROWS[3][:5], [], *ROWS[3][6:])])
    found = figures(rows)
    assert found["detectors"]["mine"]["all"]["median_min"] is None
    assert "–" in detector_row("mine", found["detectors"]["mine"])[3]
    plot_bench(found, "nothing").canvas.draw()
    assert math.isfinite(found["detectors"]["mine"]["normal"]["per_week"])
