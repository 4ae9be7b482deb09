"""Labels by step, and what hours count as."""

import numpy as np
import pandas as pd
import pytest

import scenarios
from scenarios.definition.schema import from_data
from scenarios.report.account import _fit
from scenarios.results.detection import detection
from scenarios.results.labels import aftermath, attacked
from twin.errors import InputError

HOUR = 3600.0


@pytest.fixture(scope="module")
def run():
    attacks = [
        {"name": "cut", "on": "link:PLC2->SCADA", "do": {"drop": {}},
         "when": {"from": "3 h", "for": "2 h"}},
        {"name": "nothing", "on": "sensor:L_T6", "do": {"offset": {"by": 0.0}}},
        {"name": "pump", "on": "actuator:PU3", "do": {"force": {"to": "open"}},
         "when": {"from": "6 h", "for": "1 h"}},
    ]  # fmt: skip
    faults = [{"name": "drift", "on": "sensor:L_T7", "do": {"offset": {"by": 0.2}},
               "when": {"from": "4 h"}}]  # fmt: skip
    data = {"name": "x", "duration": "10 h", "warmup": "1 h", "attacks": attacks, "faults": faults}
    return scenarios.run(from_data(data), watch=False)


def of(run, entry):
    return run.labels[run.labels["entry"] == entry].set_index("time")


def test_every_step_says_who_acted_what_it_changed_and_what_that_led_to(run):
    assert len(run.labels) == 4 * len(run.truth)
    cut, idle, pump, drift = (of(run, name) for name in ("cut", "nothing", "pump", "drift"))
    hours = cut.index / HOUR
    np.testing.assert_array_equal(cut["active"], (hours >= 3) & (hours < 5))
    sent = set(run.spec.plcs["PLC2"].sensors)
    assert [set(tags) for tags in cut["altered"]] == [
        sent if active else set() for active in cut["active"]
    ]
    assert idle["active"].all()
    assert not idle["altered"].map(bool).any()  # what passes is what came in
    np.testing.assert_array_equal(pump["altered"].map(",".join) == "PU3", pump["active"])
    np.testing.assert_array_equal(drift["altered"].map(",".join) == "L_T7", hours >= 4)
    assert set(drift["label"]) == {"fault"}
    assert set(cut["label"]) == {"attack"}
    deviates = cut["deviating"].map(bool)
    assert not deviates[hours < 6].any()
    assert deviates[(hours >= 6) & (hours < 7)].all()


def test_what_is_polled_seldom_stays_altered_until_it_passes_again():
    attack = {"on": "link:PLC2->SCADA", "tags": ["L_T1"], "do": {"offset": {"by": 1.0}},
              "when": {"from": "70 min", "for": "10 min"}}  # fmt: skip
    data = {"name": "x", "duration": "3 h", "warmup": "0 h", "attacks": [attack]}
    made = scenarios.run(
        from_data({**data, "control": {"polling": "15 min"}}), watch=False, pair=False
    )
    altered = made.labels.set_index("time")["altered"].map(bool)
    assert list(altered.index[altered]) == [75 * 60, 80 * 60, 85 * 60]


def altered_by(do, **more):
    """Return what an entry altered by step, from 1 h to 2 h, and the run."""
    attack = {"on": "link:PLC2->SCADA", "do": do, "when": {"from": "1 h", "for": "1 h"}, **more}
    data = {"name": "x", "duration": "3 h", "warmup": "0 h", "attacks": [attack]}
    made = scenarios.run(from_data(data), watch=False, pair=False)
    return made.labels.set_index("time")["altered"].map(",".join), made


@pytest.mark.parametrize(
    "do",
    [
        {"duplicate": {"after": "40 min"}},
        {"drop": {}},
        {"drop": {"probability": 0.5}},
        {"delay": {"by": "12 min"}},
        {"reorder": {"within": "30 min"}},
        {"offset": {"by": 1.0}},
    ],
    ids=lambda do: " ".join(do),
)
def test_altered_is_what_the_operator_is_shown_otherwise_than_it_came(do):
    altered, made = altered_by(do)
    wrong = made.scada["L_T1"] != made.truth["L_T1"]
    np.testing.assert_array_equal(altered == "L_T1", wrong)
    assert wrong.any() == ("duplicate" not in do)
    assert not wrong.loc[2 * HOUR :].any()
    assert not wrong.loc[: HOUR - 1].any()


def test_what_equals_the_truth_alters_nothing():
    pump = {"on": "link:PLC1->SCADA", "tags": ["S_PU3"]}
    for do in ({"constant": {"value": 0.0}}, {"drop": {}}, {"freeze": {}}):
        altered, made = altered_by(do, **pump)
        assert (made.truth["S_PU3"] == 0).all()
        assert not (altered != "").any()


def test_what_one_reader_shows_is_altered_though_another_shows_the_truth():
    held = {"on": "link:PLC2->*", "do": {"drop": {}}, "when": {"from": "1 h", "for": "1 h"}}
    data = {"name": "x", "duration": "3 h", "warmup": "0 h", "attacks": [held]}
    made = scenarios.run(
        from_data({**data, "control": {"polling": "1 h"}}), watch=False, pair=False
    )
    altered = made.labels.set_index("time")["altered"].map(",".join)
    wrong = made.plc["PLC1.L_T1"] != made.truth["L_T1"]
    assert (altered[wrong] == "L_T1").all()
    assert wrong.sum() == 12


STEPS = np.arange(0, 20 * HOUR, 300)


def labels(active, apart, label="attack"):
    rows = [(at, "one", label, active[0] <= at < active[1], [],
             ["L_T1"] if apart[0] <= at < apart[1] else []) for at in STEPS]  # fmt: skip
    columns = ["time", "entry", "label", "active", "altered", "deviating"]
    return pd.DataFrame(rows, columns=columns)


HOURS = np.arange(20) * HOUR


def test_as_many_hours_are_attacked_as_an_attack_lasts():
    table = labels((3.5 * HOUR, 5.5 * HOUR), (4 * HOUR, 9 * HOUR))
    assert list(np.flatnonzero(attacked(table, HOURS))) == [4, 5]
    assert list(np.flatnonzero(aftermath(table, HOURS))) == [6, 7, 8]
    exact = labels((3 * HOUR, 13 * HOUR), (0, 0))
    assert list(np.flatnonzero(attacked(exact, HOURS))) == list(range(3, 13))
    assert not aftermath(exact, HOURS).any()
    between = labels((3.2 * HOUR, 3.8 * HOUR), (0, 0))
    assert list(np.flatnonzero(attacked(between, HOURS))) == [4]
    assert not attacked(labels((0, HOUR), (0, 0), label="fault"), HOURS).any()


def test_deviation_before_the_attack_is_not_its_aftermath():
    table = labels((5 * HOUR, 6 * HOUR), (0, 8 * HOUR))
    assert list(np.flatnonzero(aftermath(table, HOURS))) == [6, 7]


@pytest.mark.parametrize(
    ("counts_as", "rows", "attacks", "precision", "recall"),
    [("normal", 20, 2, 1 / 3, 0.5), ("attack", 20, 5, 1.0, 0.6), ("out", 17, 2, 1.0, 0.5)],
)
def test_the_aftermath_counts_as_asked(counts_as, rows, attacks, precision, recall):
    table = labels((3.5 * HOUR, 5.5 * HOUR), (4 * HOUR, 9 * HOUR))
    alarms = np.isin(np.arange(20), (5, 6, 7))
    scores = pd.DataFrame({"score": alarms + np.arange(20) / 100, "alarm": alarms}, index=HOURS)
    found = detection(scores, table, counts_as, compared=True)
    assert (found.rows, found.attacked_rows) == (rows, attacks)
    assert found.precision == pytest.approx(precision)
    assert found.recall == pytest.approx(recall)
    assert 0 < found.auc <= 1


def test_rows_without_a_score_are_not_judged_and_without_an_attack_there_is_nothing_to_tell():
    table = labels((3 * HOUR, 5 * HOUR), (0, 0))
    scores = pd.DataFrame({"score": np.nan, "alarm": False}, index=HOURS)
    assert detection(scores, table, "normal", compared=True) is None
    scores["score"] = 1.0
    assert detection(scores, table, "normal", compared=True).rows == 20
    scores.loc[: 2 * HOUR, "score"] = np.nan
    assert detection(scores, table, "normal", compared=True).rows == 17
    none = labels((0, 0), (0, 0))
    assert detection(scores, none, "normal", compared=True) is None
    assert detection(pd.DataFrame(), table, "normal", compared=True) is None


def test_without_an_alarm_none_is_right_or_wrong():
    table = labels((3 * HOUR, 5 * HOUR), (0, 0))
    scores = pd.DataFrame({"score": np.arange(20.0), "alarm": False}, index=HOURS)
    found = detection(scores, table, "normal", compared=True)
    assert found.precision is None
    told = "Of 2 attacked hours it alarmed in 0%, and there was no alarm at all: F1 0.00"
    assert _fit(found, 1.0).startswith(told)


def test_an_aftermath_that_is_not_known_cannot_count():
    with pytest.raises(InputError, match="did you mean attack"):
        detection(pd.DataFrame(), pd.DataFrame(), "attac", compared=True)
    with pytest.raises(InputError, match="not known"):
        detection(pd.DataFrame(), pd.DataFrame(), "out", compared=False)
