"""Every form of `when`, at work in one run, held against the run's own truth."""

import numpy as np
import pytest

import scenarios
from attacks.entries.forecast import forecasts
from scenarios.definition.check import armed
from scenarios.definition.schema import from_data

HOUR, STEP = 3600.0, 300.0

WHENS = {
    "clock": {"from": "10 h", "to": "12 h"},
    "between": {"from": "10.02 h", "for": "7 min"},
    "until": {"to": "2 h"},
    "latched": {"start": "S_PU2 > 0 and L_T1 < 3.5", "not_before": "20 h", "for": "3 h"},
    "band": {"start": "L_T1 < 2", "end": "L_T1 > 4", "once": False},
    "delayed": {"start": "L_T1 < 2", "delay": "1 h", "for": "30 min"},
    "follows": {"start": "L_T1 < 2", "follow": True},
    "lags": {"start": "L_T1 < 2", "follow": True, "delay": "30 min"},
    "daily": {"from": "5 h", "for": "1 h", "every": "24 h", "to": "53.5 h"},
    "drawn": {"random": {"gap": {"exponential": "6 h"}, "for": "1 h"}, "from": "9 h", "to": "60 h"},
    "after": {"start": "clock.ended", "delay": "1 h", "for": "1 h"},
    "beside": {"start": "clock.active", "follow": True},
    "morning": {"start": "6 <= hour < 7", "follow": True},
    "tuesday": {"start": "weekday == 1", "follow": True},
    "timed": {"start": "t >= 30 and t < 31.5", "follow": True},
    "reckoned": {
        "start": "(L_T1 + L_T2) / 2 > 3 and abs(L_T1 - L_T2) < 1 or min(L_T3, L_T4) < 2.9",
        "follow": True,
    },
    "full": {"start": "L_T6 >= max_level(T6) - 0.001", "follow": True},
    "lied-to": {"start": "seen.L_T3 > 100", "not_before": "40 h", "for": "1 h"},
}
LIE = {"name": "lie", "on": "link:PLC4->SCADA", "do": {"constant": {"value": 200.0}},
       "when": {"from": "50 h", "for": "1 h"}}  # fmt: skip


def scenario():
    entries = [LIE] + [
        {"name": name, "on": "link:PLC4->SCADA", "do": {"offset": {"by": 0.5}}, "when": when}
        for name, when in WHENS.items()
    ]
    return from_data({"name": "x", "duration": "3 d", "seed": 5, "attacks": entries})


@pytest.fixture(scope="module")
def run():
    return scenarios.run(scenario(), watch=False, pair=False)


def active(run, name):
    rows = run.labels[run.labels["entry"] == name]
    return rows.set_index("time")["active"].astype(bool)


def spans(steps):
    """Return from when to when [h] a row of steps is true."""
    edges = np.flatnonzero(np.diff(np.r_[False, steps.to_numpy(), False].astype(int)))
    times = np.r_[steps.index.to_numpy(), steps.index[-1] + STEP] / HOUR
    return [(round(times[a], 2), round(times[b], 2)) for a, b in edges.reshape(-1, 2)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("clock", [(10, 12)]),
        ("between", [(10.08, 10.17)]),
        ("until", [(0, 2)]),
        ("daily", [(5, 6), (29, 30), (53, 53.5)]),
        ("after", [(13, 14)]),
        ("beside", [(10, 12)]),
        ("morning", [(6, 7), (30, 31), (54, 55)]),
        ("tuesday", [(24, 48)]),
        ("timed", [(30, 31.5)]),
    ],
)
def test_by_the_clock(run, name, expected):
    assert spans(active(run, name)) == expected


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("follows", lambda t: t["L_T1"] < 2),
        ("full", lambda t: t["L_T6"] >= 5.499),
        (
            "reckoned",
            lambda t: (
                ((t["L_T1"] + t["L_T2"]) / 2 > 3) & ((t["L_T1"] - t["L_T2"]).abs() < 1)
                | (t[["L_T3", "L_T4"]].min(axis=1) < 2.9)
            ),
        ),
    ],
)
def test_a_condition_on_levels_is_followed_step_by_step(run, name, holds):
    steps = holds(run.truth)
    assert steps.any()
    assert not steps.all()
    np.testing.assert_array_equal(active(run, name).to_numpy(), steps.to_numpy())


def test_what_is_latched_stays_and_what_comes_back_waits_for_its_end(run):
    low, high = spans(run.truth["L_T1"] < 2), spans(run.truth["L_T1"] > 4)
    began = [low[0][0], *(a for a, _ in low[1:] if a > high[0][0])]
    assert spans(active(run, "band")) == [
        (begin, next((a for a, _ in high if a > begin), 72)) for begin in began
    ]
    (latched,) = spans(active(run, "latched"))
    assert latched[0] >= 20
    assert latched[1] - latched[0] == pytest.approx(3, abs=0.02)


def test_a_delay_counts_from_when_the_start_held(run):
    low = spans(run.truth["L_T1"] < 2)
    begin = low[0][0] + 1
    assert spans(active(run, "delayed")) == [(begin, begin + 0.5)]
    assert spans(active(run, "lags")) == [(a + 0.5, b) for a, b in low if b > a + 0.5]


def test_seen_is_what_passed_at_the_port_last(run):
    """The lie is told from h 50 on, and heard at the next step."""
    ((begin, end),) = spans(active(run, "lied-to"))
    assert begin == pytest.approx(50, abs=0.1)
    assert end == pytest.approx(begin + 1, abs=0.02)


def test_random_arrivals_keep_to_their_bounds_and_their_seed(run):
    drawn = spans(active(run, "drawn"))
    assert len(drawn) > 2
    assert drawn[0][0] >= 9
    assert drawn[-1][1] <= 60
    again = scenarios.run(from_data({"name": "y", "duration": "3 d", "seed": 5, "attacks": [
        {"name": "drawn", "on": "sensor:L_T1", "do": {"drop": {}}, "when": WHENS["drawn"]}
    ]}), watch=False, pair=False)  # fmt: skip
    assert spans(active(again, "drawn")) == drawn


def test_nothing_began_before_it_was_said_that_it_could(run):
    made = scenario()
    with armed(made) as (bed, entries):
        ahead = forecasts(entries, bed, made.duration)
    for entry, forecast in zip(made.entries, ahead, strict=True):
        assert forecast.why == ""
        assert spans(active(run, entry.name))[0][0] * HOUR >= forecast.begins - STEP
