"""Physics as a detector: each broken equation is found, and said in a sentence."""

import numpy as np
import pandas as pd
import pytest

import detector
from detector import DataError, Training, create

PLANT = {
    "points": {
        "L_T1": {"element": "T1", "unit": "m", "plc": "PLC2", "district": "DMA1"},
        "F_PU1": {"element": "PU1", "unit": "L/s", "plc": "PLC1", "district": "DMA1"},
        "S_PU1": {"element": "PU1", "unit": "", "plc": "PLC1", "district": "DMA1"},
        "S_PU3": {"element": "PU3", "unit": "", "plc": "PLC1", "district": "DMA1"},
    },
    "controls": [
        {
            "actuator": "PU1",
            "plc": "PLC1",
            "status": "S_PU1",
            "flow": "F_PU1",
            "level": "L_T1",
            "opens_below": 2.0,
            "closes_above": 4.0,
        },
        {"actuator": "PU3", "plc": "PLC1", "status": "S_PU3"},
    ],
    "rims": {"L_T1": 6.5},
}


def frames(days: int, seed: int) -> pd.DataFrame:
    """Return 5-minute frames of a tank that a pump fills between 2 and 4 m."""
    rng = np.random.default_rng(seed)
    count = 288 * days
    level, is_open, rows = 3.0, True, []
    for _ in range(count):
        is_open = (is_open and level <= 4.0) or level < 2.0
        rows.append((level, 50.0 * is_open, float(is_open), 0.0))
        level += 0.03 if is_open else -0.04
    table = pd.DataFrame(rows, columns=list(PLANT["points"])).round(2)
    for column in ("residual:F_PU1", "projected:F_PU1", "level:L_T1"):
        table[column] = rng.uniform(-0.005, 0.005, count)
    table["step:DMA1"] = rng.uniform(-0.002, 0.002, count)
    table["z:DMA1"] = np.repeat(rng.uniform(-1, 1, count // 12), 12)
    table["refit:demands"] = (np.arange(count) % 12 == 0).astype(float)
    return table


@pytest.fixture(scope="module")
def fitted():
    table = frames(1, 0)
    made = create("physics", list(table), 300.0)
    made.fit([frames(10, 1), frames(10, 2)], Training(options={"plant": PLANT}))
    return made


def first_alarm(fitted, table):
    stream = fitted.stream()
    for place, row in enumerate(table.to_numpy()):
        score = stream.score_one(300.0 * place, row)
        if score.alarm:
            return place, score
    return None, None


def test_normal_frames_raise_nothing(fitted):
    assert (fitted.score(frames(4, 3)) < 1.0).mean() > 0.999
    assert fitted.threshold == 1.0


def test_stream_and_table_give_the_same_numbers(fitted):
    table = frames(2, 4)
    table.iloc[30, 0] = np.nan
    table.iloc[40, 4] = np.nan
    stream = fitted.stream()
    rows = [stream.score_one(300.0 * i, row).value for i, row in enumerate(table.to_numpy())]
    np.testing.assert_array_equal(rows, fitted.score(table))


@pytest.mark.parametrize(
    ("column", "off", "equation", "words"),
    [
        ("level:L_T1", -0.025, "mass balance of T1", "T1's level rises 0.3 m/h more slowly than"),
        ("projected:F_PU1", 4.0, "hydraulics at PU1", "4.00 L/s more than any demand explains"),
        ("step:DMA1", 0.3, "demand of DMA1", "demand in DMA1 had just changed by +30%"),
    ],
)
def test_a_broken_equation_is_named(fitted, column, off, equation, words):
    table = frames(2, 5)
    table.loc[402, column] = off
    place, score = first_alarm(fitted, table)
    assert place == 402
    assert score.causes[0].name == equation
    assert words in score.causes[0].words
    assert fitted.explain(score) == score.causes[0].words


def test_a_slow_drift_of_a_level_is_found(fitted):
    table = frames(3, 6)
    table.loc[400:, "level:L_T1"] += 0.001
    place, score = first_alarm(fitted, table)
    assert 400 < place < 700
    assert score.causes[0].tags == ("L_T1",)
    assert "than its inflow says" in score.causes[0].words


def test_a_plc_that_does_not_switch_is_found(fitted):
    table = frames(2, 7)
    start = table.index[(table["L_T1"] > 3.9) & (table.index > 100)][0]
    table.loc[start : start + 9, ["L_T1", "F_PU1", "S_PU1"]] = [4.3, 50.0, 1.0]
    place, score = first_alarm(fitted, table)
    assert start <= place < start + 10
    assert score.causes[0].name == "rules of PLC1 for PU1"
    assert "above the 4 m at which PLC1 switches it" in score.causes[0].words


def test_a_pump_without_a_rule_that_runs_is_found(fitted):
    table = frames(2, 8)
    table.loc[300, "S_PU3"] = 1.0
    place, score = first_alarm(fitted, table)
    assert place == 300
    assert score.causes[0].words == "PU3 runs, and no rule of PLC1 starts it"


def test_the_worst_of_each_law_comes_before_what_else_is_off():
    def beside(table):
        more = {f"projected:F_PU{i}": table["projected:F_PU1"] for i in (4, 5, 6)}
        return table.assign(**more)[sorted([*table, *more], key=lambda name: ":" in name)]

    tables = [beside(frames(10, seed)) for seed in (1, 2)]
    made = create("physics", list(tables[0]), 300.0)
    made.fit(tables, Training(options={"plant": PLANT}))
    table = beside(frames(2, 10))
    off = [f"projected:F_PU{i}" for i in (1, 4, 5, 6)]
    table.loc[402, [*off, "level:L_T1", "step:DMA1"]] = [4.0, 3.0, 3.0, 3.0, -0.025, 0.3]
    causes = first_alarm(made, table)[1].causes
    assert causes[0].name == "hydraulics at PU1"
    assert {cause.name for cause in causes[1:3]} == {"mass balance of T1", "demand of DMA1"}


def test_saved_and_loaded_it_scores_and_speaks_as_before(fitted, tmp_path):
    fitted.save(tmp_path / "physics.safetensors")
    loaded = detector.load(tmp_path / "physics.safetensors", interval_s=300.0)
    table = frames(2, 9)
    table.loc[402, "level:L_T1"] = -0.025
    np.testing.assert_array_equal(loaded.score(table), fitted.score(table))
    assert first_alarm(loaded, table)[1].causes == first_alarm(fitted, table)[1].causes


def test_too_few_rows_and_unknown_groups_are_refused(fitted):
    fresh = create("physics", list(frames(1, 0)), 300.0)
    with pytest.raises(DataError, match="too few"):
        fresh.fit(frames(3, 1))
    with pytest.raises(DataError, match="no group speed"):
        fresh.fit(frames(10, 1), Training(options={"budgets": {"speed": 0.1}}))


def test_the_errors_of_a_wrong_shadow_are_told_as_text_and_kept_on_the_card(fitted, tmp_path):
    assert fitted.perturb == {}
    read = type(fitted).options(Training(options={"perturb": "roughness=0.05, seed=1"}))
    assert read.perturb == {"roughness": 0.05, "seed": 1}
    with pytest.raises(DataError, match="option perturb"):
        type(fitted).options(Training(options={"perturb": "roughness"}))
    wrong = create("physics", fitted.tags, fitted.interval_s)
    told = {"plant": PLANT, "perturb": {"roughness": 0.05}}
    wrong.fit([frames(10, 1), frames(10, 2)], Training(options=told))
    wrong.save(tmp_path / "wrong.safetensors")
    loaded = detector.load(tmp_path / "wrong.safetensors", interval_s=None)
    assert loaded.perturb == {"roughness": 0.05}
