"""The measures, against cases worked out by hand."""

import numpy as np
import pytest

from detector.metrics import (
    FIGURES,
    batadal_score,
    blanked_rows,
    detection_delays,
    false_episodes_per_week,
    measure,
    volume_under_pr,
)

WEEK = 168


def rows(count: int, *marked: slice) -> np.ndarray:
    found = np.zeros(count, dtype=bool)
    for each in marked:
        found[each] = True
    return found


ATTACKS = [slice(20, 30), slice(60, 80)]
LABELS = rows(WEEK, *ATTACKS)


def test_always_scores_three_quarters_and_never_one() -> None:
    assert batadal_score(LABELS, np.ones(WEEK, dtype=bool), ATTACKS) == (0.75, 1.0, 0.5)
    assert batadal_score(LABELS, np.zeros(WEEK, dtype=bool), ATTACKS) == (0.25, 0.0, 0.5)


def test_batadal_score_by_hand() -> None:
    alarms = rows(WEEK, slice(25, 30), slice(100, 110))
    # Found 5 of 10 rows in; the other attack missed. TPR 5/30, TNR 128/138.
    total, ttd, clf = batadal_score(LABELS, alarms, ATTACKS)
    assert ttd == pytest.approx(1 - (0.5 + 1) / 2)
    assert clf == pytest.approx((5 / 30 + 128 / 138) / 2)
    assert total == pytest.approx((ttd + clf) / 2)
    assert detection_delays(alarms, ATTACKS) == [5, None]


def test_an_alarm_before_the_attack_is_no_detection() -> None:
    assert detection_delays(rows(WEEK, slice(10, 20), slice(80, 90)), ATTACKS) == [None, None]


def test_nothing_is_point_adjusted() -> None:
    """One alarm in a long attack is one true hour, not the whole attack."""
    alarms = rows(WEEK, slice(60, 61))
    found = measure(LABELS, alarms.astype(float), alarms, ATTACKS)
    assert found.recall == pytest.approx(1 / 30)
    assert found.precision == 1.0
    assert found.f1 == pytest.approx(2 / 31)
    assert found.accuracy == pytest.approx(139 / 168)
    assert found.event_recall == 0.5
    assert found.ttd_hours == [None, 0.0]


def test_delays_are_hours_whatever_the_interval() -> None:
    alarms = rows(WEEK, slice(32 - 4, 32))
    found = measure(LABELS, alarms.astype(float), alarms, ATTACKS, interval_s=900)
    assert found.ttd_hours == [2.0, None]


def test_areas_rank_scores() -> None:
    scores = LABELS + np.linspace(0, 0.1, WEEK)
    found = measure(LABELS, scores, LABELS, ATTACKS)
    assert (found.auc, found.pr_auc) == (1.0, pytest.approx(1.0))
    turned = measure(LABELS, -scores, LABELS, ATTACKS)
    assert turned.auc == 0.0


def test_without_attacks_there_is_no_area_and_no_score() -> None:
    none = np.zeros(WEEK, dtype=bool)
    found = measure(none, np.arange(WEEK, dtype=float), none, [])
    assert (found.auc, found.pr_auc, found.S, found.event_recall) == (None, None, None, None)
    assert found.accuracy == 1.0


def test_false_episodes_are_those_raised_outside_attacks() -> None:
    inside_and_after = rows(WEEK, slice(25, 40))
    assert false_episodes_per_week(LABELS, inside_and_after) == 0
    before_and_into = rows(WEEK, slice(18, 25))
    assert false_episodes_per_week(LABELS, before_and_into) == pytest.approx(WEEK / 138)
    two_apart_by_a_short_gap = rows(WEEK, slice(100, 101), slice(104, 105))
    assert false_episodes_per_week(LABELS, two_apart_by_a_short_gap) == pytest.approx(WEEK / 138)
    assert false_episodes_per_week(np.ones(5, dtype=bool), np.ones(5, dtype=bool)) == 0


def test_rows_around_attacks_can_be_blanked() -> None:
    attacks = [slice(20, 30), slice(100, 120)]
    labels = rows(WEEK, *attacks)
    blanked = blanked_rows(labels, attacks)
    assert np.flatnonzero(blanked).tolist() == [19, *range(30, 54), 99, *range(120, 144)]
    # Alarms that begin an hour early, stay on for a day after, and one far away: of 138 normal rows
    # 88 are left, and one of them is alarmed.
    alarms = labels | blanked | rows(WEEK, slice(80, 81))
    found = measure(labels, alarms.astype(float), alarms, attacks)
    assert found.S_blanked == pytest.approx((1.0 + (1.0 + 87 / 88) / 2) / 2)
    assert found.S is not None
    assert found.S_blanked > found.S


def test_volume_without_buffer_by_hand() -> None:
    """Four rows, the third under attack and ranked second: precision 0, 1/2, 1/3, 1/4."""
    labels, scores = rows(4, slice(2, 3)), np.array([4.0, 2.0, 3.0, 1.0])
    # Recall rises from 0 to 1 between a precision of 0 and one of 1/2.
    assert volume_under_pr(labels, scores, buffer=0) == pytest.approx(1.0 * (0.0 + 0.5) / 2)


def test_volume_is_aeons() -> None:
    """Of the same rows, as aeon 1.6 has it: range_pr_vus_score(y, s, max_buffer_size=24) and 0."""
    rng = np.random.default_rng(4)
    for count, marked, wide, none in (
        (400, [(60, 90), (200, 201), (380, 400)], 0.268769351523836, 0.2213315906585706),
        (300, [(0, 10), (100, 150), (160, 170)], 0.4541222958929638, 0.4001045407703207),
        (500, [(250, 300)], 0.2886603461999238, 0.2719787457298623),
    ):
        labels = rows(count, *(slice(*each) for each in marked))
        scores = rng.normal(size=count) + 1.5 * labels * rng.random(count)
        assert volume_under_pr(labels, scores, 24) == pytest.approx(wide, rel=1e-12)
        assert volume_under_pr(labels, scores, 0) == pytest.approx(none, rel=1e-12)


def test_a_constant_score_ranks_nothing() -> None:
    found = measure(LABELS, np.zeros(WEEK), LABELS, ATTACKS)
    assert found.vus_pr == found.pr_auc == pytest.approx(30 / WEEK)


def test_programs_are_given_these_figures() -> None:
    found = measure(LABELS, LABELS.astype(float), LABELS, ATTACKS)
    assert tuple(found.figures()) == FIGURES
