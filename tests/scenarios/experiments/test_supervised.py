"""The supervised detector: what it is drawn from, what it knows of a row, how its line is set."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from attacks.entries.armed import arm
from detector import DataError, Training
from detector.methods.masked import MaskedTrees
from detector.registry import create
from scenarios.definition.scenario import Scenario
from scenarios.definition.scenario import testbed as made_testbed
from scenarios.experiments.attacked_weeks import (
    FAMILIES,
    AttackedWeek,
    attacked_week,
    attacked_weeks,
)
from scenarios.experiments.benchmark import SUPERVISED, years_of
from scenarios.experiments.classifiers import CLASSIFIERS
from scenarios.experiments.hour_ahead import explain_hours
from scenarios.experiments.supervised import (
    Supervised,
    choose_threshold,
    features,
    judged,
    train,
)
from scenarios.results.run import Run
from scenarios.simulation.run import run

START = datetime(2026, 1, 5)


@pytest.fixture(scope="module")
def ctown():
    return Scenario(name="normal").plant_spec()


@pytest.fixture(scope="module")
def hours():
    """Return the hourly rows of some normal days, at two decimals."""
    made = run(Scenario(name="normal", duration=12 * 86400.0, seed=77), watch=False, pair=False)
    return made.scada[made.scada.index % 3600 == 0].round(2)


def test_the_same_number_draws_the_same_week(ctown) -> None:
    drawn = [attacked_week(ctown, number, 5) for number in range(18)]
    assert {family for family, _ in drawn} == set(FAMILIES)
    assert attacked_week(ctown, 4, 5)[1].attacks == drawn[4][1].attacks
    assert attacked_week(ctown, 4, 6)[1].attacks != drawn[4][1].attacks
    for _, scenario in drawn:
        with made_testbed(scenario, ctown) as bed:
            assert arm(scenario.attacks, bed)  # every port and tag is one of the plant's


def test_physics_and_rules_explain_normal_hours(ctown, hours) -> None:
    rows = hours[list(ctown.tag_names)].to_numpy()[:48]
    found = explain_hours(ctown, rows)
    levels = [i for i, tag in enumerate(ctown.tags) if tag.quantity == "level"]
    flows = [i for i, tag in enumerate(ctown.tags) if tag.quantity == "flow"]
    assert np.abs(rows - found.expected)[:, flows].max() < 0.1
    assert np.nanmean(np.abs(rows - found.forecast)[:, levels]) < 0.05
    assert np.isnan(found.forecast[0]).all()
    # An offset of half a metre of one tank shows in its forecast, and nowhere before.
    forged = rows.copy()
    forged[30:, levels[0]] += 0.5
    told = explain_hours(ctown, forged)
    assert abs(forged - told.forecast)[30, levels[0]] > 0.4
    np.testing.assert_allclose(told.forecast[:30], found.forecast[:30])


def test_rows_that_no_water_explains_do_not_end_it(ctown, hours) -> None:
    rows = hours[list(ctown.tag_names)].to_numpy()[:12].copy()
    rows[4] = np.nan
    rows[7] = -1e6
    found = explain_hours(ctown, rows)
    assert np.isnan(found.expected[4]).all()
    assert np.isfinite(found.expected[[3, 5, 10]]).all()


def week_with(family: str, labels: np.ndarray, **marked: np.ndarray) -> AttackedWeek:
    """Return a week of some labels, whose attack shows at once and leaves nothing behind."""
    nothing = np.zeros(len(labels), dtype=bool)
    masks = {"unseen": nothing, "aftermath": nothing, **marked}
    return AttackedWeek(family, START, pd.DataFrame(), labels, **masks)


def weeks_of(count: int, rng: np.random.Generator) -> tuple[list[AttackedWeek], list[np.ndarray]]:
    """Return weeks whose only feature tells an attack, but for noise."""
    weeks, known = [], []
    for number in range(count):
        labels = np.zeros(168, dtype=bool)
        labels[40 + number : 90] = True
        weeks.append(week_with("ab"[number % 2], labels))
        told = (labels + rng.normal(0, 0.05, 168)).round(1)
        known.append(np.stack([told, rng.normal(size=168)], axis=1))
    return weeks, known


@pytest.mark.parametrize("classifier", list(CLASSIFIERS))
def test_it_learns_from_other_weeks_and_is_read_back(
    classifier: str, hours, ctown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenarios.experiments.classifiers._TREES", 20)
    weeks, known = weeks_of(8, np.random.default_rng(2))
    told: list[str] = []
    trained = train(weeks, known, 1, classifier, told.append)
    parts = [f"without {part}" for part in (0, 1, 2, 3, "a", "b")]
    assert told == [*parts, "all"]
    left_out = trained.about["families_left_out"]
    assert set(left_out) == {"a", "b"}
    assert min(each["f1"] for each in (*left_out.values(), trained.about["held_out"])) > 0.9
    fresh, seen = weeks_of(2, np.random.default_rng(9))
    likely = trained.probability(seen[0])
    assert ((likely > trained.threshold) == fresh[0].labels).mean() > 0.95

    masked = create("masked-trees", list(ctown.tag_names))
    masked.fit(hours, Training(options={"rounds": 2}))
    assert isinstance(masked, MaskedTrees)
    trained.save(tmp_path / "s.safetensors", masked)
    again, listening = Supervised.load(tmp_path / "s.safetensors")
    np.testing.assert_allclose(again.probability(seen[0]), likely, rtol=1e-12)
    assert again.threshold == trained.threshold
    table = hours.iloc[:20]
    np.testing.assert_allclose(
        features(ctown, table, START, listening), features(ctown, table, START, masked)
    )
    with pytest.raises(DataError, match="not 'supervised'"):
        Supervised.load(tmp_path / "s-masked.safetensors")


def test_no_feature_sees_a_later_row(hours, ctown) -> None:
    masked = create("masked-trees", list(ctown.tag_names))
    masked.fit(hours, Training(options={"rounds": 2}))
    assert isinstance(masked, MaskedTrees)
    table = hours.iloc[:30]
    before = features(ctown, table, START, masked)
    changed = table.copy()
    changed.iloc[20, :5] += 1.0
    after = features(ctown, changed, START, masked)
    np.testing.assert_allclose(after[:20], before[:20])
    assert not np.allclose(after[20], before[20], equal_nan=True)


def test_the_threshold_keeps_to_its_false_episodes() -> None:
    labels = np.zeros(1680, dtype=bool)
    labels[100:200] = True
    scores = np.where(labels, 0.9, 0.1)
    scores[labels] -= np.linspace(0, 0.7, 100)
    assert choose_threshold([week_with("a", labels)], [scores]) < 0.2
    scores[400::200] = 0.5  # a false episode in eight days, were it alarmed
    assert choose_threshold([week_with("a", labels)], [scores]) >= 0.5


def test_rows_before_an_attack_shows_and_in_its_aftermath_do_not_count() -> None:
    labels, unseen, aftermath = np.zeros((3, 1680), dtype=bool)
    labels[100:200] = unseen[100:120] = aftermath[200:900] = True
    scores = np.where(labels & ~unseen, 0.9, 0.1)
    scores[300:900:200] = 0.95  # episodes in the aftermath
    week = week_with("a", labels, unseen=unseen, aftermath=aftermath)
    found = judged([week], [scores], 0.8)
    assert (found["f1"], found["false_episodes_per_week"]) == (1.0, 0.0)
    assert 0.1 <= choose_threshold([week], [scores]) < 0.9
    plain = judged([week_with("a", labels)], [scores], 0.8)
    assert plain["recall"] == pytest.approx(0.8)
    assert plain["false_episodes_per_week"] > 0.1


def test_a_week_is_as_coarsely_solved_as_the_record_and_says_what_shows(ctown, monkeypatch) -> None:
    solved: list[str] = []

    def noted(scenario: Scenario, **options: object) -> Run:
        text = (Path(scenario.plant) / "network.inp").read_text(encoding="utf-8")
        solved.extend(line.split()[1] for line in text.splitlines() if line.startswith("ACCURACY"))
        return run(scenario, **options)

    monkeypatch.setattr("scenarios.experiments.attacked_weeks.run", noted)
    weeks = list(attacked_weeks(ctown, 3, 20261129))
    assert solved == ["0.01"] * 3
    setpoint = weeks[2]
    assert setpoint.family == "setpoint"
    for week in weeks:
        assert week.labels.any()
        assert not (week.unseen & ~week.labels).any()
        assert not (week.aftermath & week.labels).any()
        first = np.flatnonzero(week.labels)[0]
        assert not week.aftermath[:first].any()
        assert week.unseen[first:][: week.unseen.sum()].all()


def test_the_one_that_ships_is_small_and_says_how_it_was_made(ctown, hours) -> None:
    assert sum(each.stat().st_size for each in SUPERVISED.parent.iterdir()) < 2_000_000
    trained, masked = Supervised.load(SUPERVISED)
    assert trained.about["command"].startswith("hydrotwin batadal supervise ")
    assert set(trained.about["families_left_out"]) == set(FAMILIES)
    table = hours.iloc[:30]
    likely = trained.probability(features(ctown, table, START, masked))
    assert (likely <= trained.threshold).all()
    forged = table.copy()
    forged.iloc[20:, 0] += 1.5
    likely = trained.probability(features(ctown, forged, START, masked))
    assert (likely > trained.threshold)[20:].any()


def test_what_to_train_on_is_said() -> None:
    assert (years_of("dataset03"), years_of("twin:10")) == (0, 10)
    for wrong in ("twin", "twin:0", "twin:x", "dataset04"):
        with pytest.raises(DataError, match="dataset03, or twin:10"):
            years_of(wrong)
