"""Thresholds: what each promises, what it delivers on unseen scores, and how one is dragged."""

import math

import numpy as np
import pytest
from scipy import stats

from detector import DataError, Episodes
from detector.thresholds import levels
from detector.thresholds.groups import GroupBudgets
from detector.thresholds.mean_sigma import choose_threshold
from detector.thresholds.persistence import Cusum, Ewma
from detector.thresholds.rolling import RollingMeanSigma
from detector.thresholds.rule import Fixed, Promise, count_episodes, level_for, measure

HOUR = 3600.0
YEAR = 24 * 365


def normal(seed: int, rows: int = YEAR) -> np.ndarray:
    """Return independent scores with a heavy tail, as squared errors have it."""
    scores = np.random.default_rng(seed).gamma(3.0, 0.01, rows)
    scores[:24] = math.nan
    return scores


@pytest.fixture(scope="module")
def held_out() -> list[np.ndarray]:
    return [normal(1), normal(2)]


@pytest.fixture(scope="module")
def unseen() -> list[np.ndarray]:
    return [normal(seed) for seed in range(10, 14)]


RULES = {
    "mean-sigma": lambda scores: choose_threshold(scores, HOUR).rule,
    "episode budget": lambda scores: levels.episode_budget(scores, HOUR, 0.5),
    "quantile": lambda scores: levels.quantile(scores, HOUR, 2e-3),
    "conformal": lambda scores: levels.conformal(scores, HOUR, 2e-3),
    "extreme value": lambda scores: levels.extreme_value(scores, HOUR, 2e-3),
    "rolling": lambda _: RollingMeanSigma(4.0, HOUR),
    "ewma": lambda scores: Ewma.fit(scores, HOUR, 0.5),
    "cusum": lambda scores: Cusum.fit(scores, HOUR, 0.5, slack=0.5),
}


@pytest.mark.parametrize("name", RULES)
def test_each_delivers_what_it_promises(
    name: str, held_out: list[np.ndarray], unseen: list[np.ndarray]
) -> None:
    rule = RULES[name](held_out)
    delivered = measure(rule, unseen, HOUR)
    # A budget is met exactly on the scores it was chosen on, so on others by chance a little worse.
    slack = 1.2 if rule.promise.per == "week" else 1.0
    assert delivered.keeps(Promise(slack * rule.promise.most, rule.promise.per))
    assert delivered.frames == 4 * (YEAR - 24)
    low, high = delivered.frame_interval
    assert low <= delivered.per_frame <= high
    low, high = delivered.week_interval
    assert low <= delivered.per_week <= high
    loud = Fixed(0.03, rule.promise)
    assert not measure(loud, unseen, HOUR).keeps(rule.promise)


@pytest.mark.parametrize("name", RULES)
def test_none_looks_ahead(name: str, held_out: list[np.ndarray]) -> None:
    rule = RULES[name](held_out)
    scores = normal(5, 600)
    before = rule.alarms(scores)
    scores[400:] = 9.0
    np.testing.assert_array_equal(rule.alarms(scores)[:400], before[:400])
    assert rule.alarms(scores)[400]
    assert not rule.alarms(np.full(5, math.nan)).any()


def test_levels_are_those_of_the_formulas(held_out: list[np.ndarray]) -> None:
    scores = np.concatenate([each[24:] for each in held_out])
    exact = stats.gamma.isf(1e-3, 3.0, scale=0.01)
    assert levels.quantile(held_out, HOUR, 1e-3).value == np.quantile(scores, 0.999)
    assert levels.conformal([np.arange(1.0, 1000.0)], HOUR, 0.01).value == 990.0
    assert levels.extreme_value(held_out, HOUR, 1e-3).value == pytest.approx(exact, rel=0.05)
    rare = stats.gamma.isf(1e-6, 3.0, scale=0.01)
    assert levels.extreme_value(held_out, HOUR, 1e-6).value == pytest.approx(rare, rel=0.15)
    assert levels.quantile(held_out, HOUR, 1e-6).value <= scores.max()  # it cannot look beyond


def test_a_promise_that_cannot_be_kept_is_refused() -> None:
    few = [normal(1, 24 * 10)]
    with pytest.raises(DataError, match=r"216 held-out scores cannot promise .* give 999"):
        levels.conformal(few, HOUR, 1e-3)
    with pytest.raises(DataError, match="only 5 scores in the tail: give 500 rows"):
        levels.extreme_value(few, HOUR)
    with pytest.raises(DataError, match="less than the tail's part"):
        levels.extreme_value(few, HOUR, 0.5)
    with pytest.raises(DataError, match="give more normal data"):
        levels.quantile([np.full(50, math.nan)], HOUR)


def test_a_slow_attack_drags_a_rolling_threshold_along(held_out: list[np.ndarray]) -> None:
    """Scores grow by 1 % an hour from day 20 on, to more than ten times what is normal."""
    scores = np.random.default_rng(7).gamma(30.0, 0.001, 24 * 40)
    calm = scores.copy()
    attack = slice(24 * 20, 24 * 31)
    scores[attack] *= 1.01 ** np.arange(24 * 11)
    rolling, fixed = RollingMeanSigma(6.0, HOUR, span_s=24 * HOUR), choose_threshold(held_out, HOUR)
    assert scores[attack].max() > 10 * np.nanmean(scores[: 24 * 20])
    assert not rolling.alarms(scores)[attack].any()
    assert rolling.levels(scores)[attack][-1] > 5 * rolling.levels(scores)[attack][0]
    late = fixed.rule.alarms(scores)[attack]
    assert late.any()
    assert late[-24:].mean() > 0.9
    sudden = calm
    sudden[attack] *= 10
    assert rolling.alarms(sudden)[attack][:5].any()  # a step it does notice, and then forgets
    assert not rolling.alarms(sudden)[attack][-48:].any()


@pytest.mark.parametrize("kind", [Ewma, Cusum])
def test_a_small_rise_that_stays_is_noticed(kind: type, held_out: list[np.ndarray]) -> None:
    scores = normal(8, 24 * 20)
    scores[24 * 10 :] += 0.04
    single = levels.episode_budget(held_out, HOUR, 0.1)
    rule = kind.fit(held_out, HOUR, 0.1)
    assert rule.alarms(scores)[24 * 10 + 12 :].mean() > 0.9
    assert single.alarms(scores)[24 * 10 + 12 :].mean() < 0.5
    scores[24 * 12 :] = normal(9, 24 * 20)[24 * 12 :]
    assert not rule.alarms(scores)[24 * 16 :].any()


def test_episodes_are_counted_as_they_are_gathered() -> None:
    rng = np.random.default_rng(3)
    for share in (0.0, 0.02, 0.2):
        alarms = rng.random(500) < share
        wanted = len(Episodes.of(np.arange(500) * HOUR, alarms))
        assert count_episodes(alarms, HOUR) == wanted


def test_a_budget_is_kept_at_the_level_and_above(held_out: list[np.ndarray]) -> None:
    level = level_for(held_out, HOUR, 0.5)
    weeks = 2 * (YEAR - 24) / 168
    for factor in (1.0, 1.05, 1.2):
        count = sum(count_episodes(each > factor * level, HOUR) for each in held_out)
        assert count / weeks <= 0.5
    assert sum(count_episodes(each > 0.98 * level, HOUR) for each in held_out) / weeks > 0.5


def test_groups_have_budgets_of_their_own(held_out: list[np.ndarray]) -> None:
    """A loud group's scale does not hide a quiet group's first move."""
    quiet = [np.zeros(YEAR), np.zeros(YEAR)]
    groups = {"loud": [1000 * each for each in held_out], "rules": quiet}
    made = GroupBudgets.fit(groups, HOUR, {"loud": 0.1, "rules": 0.0})
    assert made.rule.promise == Promise(0.1, "week")
    fresh = {"loud": 1000 * normal(20, 500), "rules": np.zeros(500)}
    calm = made.combined(fresh)
    assert np.isnan(calm[:24]).sum() == 0  # one group always has a score
    fresh["rules"][300] = 0.01
    assert made.rule.alarms(made.combined(fresh))[300]
    assert not made.rule.alarms(calm)[300]
    delivered = measure(
        made.rule,
        [made.combined({"loud": 1000 * normal(s), "rules": np.zeros(YEAR)}) for s in (30, 31)],
        HOUR,
    )
    assert delivered.keeps(made.rule.promise)


def test_an_interval_knows_that_alarms_come_in_runs() -> None:
    """Forty alarms in one day say less than forty on forty days."""
    spread, bunched = np.zeros(24 * 400), np.zeros(24 * 400)
    spread[24 * 10 * np.arange(40)] = 1.0
    bunched[4800:4840] = 1.0
    rule = Fixed(0.5, Promise(0.01, "frame"))
    widths = [np.ptp(measure(rule, [each], HOUR).frame_interval) for each in (spread, bunched)]
    assert widths[1] > 2 * widths[0]
    assert measure(rule, [bunched], HOUR).per_week == pytest.approx(7 / 400)
