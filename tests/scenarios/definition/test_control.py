"""`control:`, `operator:` and limit alarms, from a scenario's file to the run's folder."""

import math

import pandas as pd
import pytest

import scenarios
from scenarios.definition import schema
from scenarios.definition.schema import to_yaml
from scenarios.report.account import account
from twin.errors import InputError

SCENARIO = """\
name: mine
duration: 8 h
warmup: 0 h
detector:
control:
  polling: 10 min
  links:
    PLC2->SCADA: {loss: 0.5, retries: 1, timeout: 2 s}
    "*->SCADA": {latency: 1 s}
  sensors:
    L_T1: {noise: 0.01}
  alarms:
    L_T3: {H: 5.0}
  plcs:
    PLC3: {scan: {every: 5 min}, hold: 1 h}
operator:
  - {at: 2 h, write: {SP_PU10_open: 3.0, PU3: open}}
attacks:
  - {on: actuator:PU4, do: {force: {to: open}}, when: {from: 1 h}}
"""


def write(folder, text):
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_it_runs_by_what_the_file_lays_over_and_writes_the_limit_alarms(tmp_path):
    run = scenarios.run(scenarios.load(write(tmp_path, SCENARIO)), out=tmp_path / "run")
    assert len(run.scada) == 6 * 8
    assert (run.quality["L_T1"] > 0).mean() > 0.1  # 1/4 of the answers
    assert (run.truth["S_PU3"].loc[3 * 3600.0 :] == 1).all()
    limits = pd.read_parquet(tmp_path / "run" / "limits.parquet")
    pd.testing.assert_frame_equal(limits, run.limits)
    assert list(limits.columns) == ["tag", "limit", "value", "bound", "cleared"]
    high = limits[(limits["tag"] == "L_T3") & (limits["limit"] == "H")]
    assert high["bound"].tolist() == [5.0] * len(high)
    first = run.scada["L_T3"].index[run.scada["L_T3"] > 5.0][0]
    assert high.index[0] == first
    (seen,) = [s for s in account(run) if s.title == "What the operator saw"]
    assert "SCADA raised" in seen.lines[-1]


def test_an_alarm_that_stands_at_the_end_has_no_time_it_was_cleared(tmp_path):
    text = SCENARIO.replace("{H: 5.0}", "{LL: -9, L: -9, H: 0, HH: 99}")
    run = scenarios.run(scenarios.load(write(tmp_path, text)))
    (only,) = run.limits[run.limits["tag"] == "L_T3"].itertuples()
    assert (only.Index, only.limit, only.bound) == (0.0, "H", 0.0)
    assert math.isnan(only.cleared)


def test_written_and_read_back_it_is_the_same(tmp_path):
    scenario = scenarios.load(write(tmp_path, SCENARIO))
    again = scenarios.load(write(tmp_path, to_yaml(scenario)))
    assert again == scenario


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    PLC2->SCADA: {loss", "    PLC2->SKADA: {loss", "did you mean PLC2->SCADA"),
        ("    PLC2->SCADA: {loss: 0.5", "    PLC2->SCADA: {loss: 5", "probability"),
        ("  polling: 10 min", "  poling: 10 min", "did you mean polling"),
        ("  polling: 10 min", "  polling: 7 min", "not a multiple of step"),
        ("  polling: 10 min", "  step: 7 s", "not a multiple of step"),
        ("    PLC3: {scan: {every: 5 min}", "    PLC3: {scan: {every: 100 ms}", "whole number"),
        ("    L_T1: {noise", "    L_T11: {noise", "did you mean L_T1"),
        ("    L_T3: {H: 5.0}", "    L_T3: {H: high}", "a number"),
        ("    PLC3: {scan", "    PLC33: {scan", "did you mean PLC3"),
        ("  - {at: 2 h, write: {SP_PU10_open", "  - {at: 2 h, write: {SP_PU10_opn",
         "did you mean SP_PU10_open"),
        ("  - {at: 2 h, write: {SP_PU10_open: 3.0", "  - {at: 2 h, write: {SP_PU10_open: low",
         "a number in its tag's unit, not 'low'"),
        ("  - {at: 2 h, write: {SP_PU10_open: 3.0", "  - {at: 2 h, write: {SP_PU10_open: auto",
         "is a setpoint"),
        ("  - {at: 2 h, write: {SP_PU10_open: 3.0, PU3: open", "  - {at: 2 h, write: {PU3: opn",
         "open, closed, auto or a number"),
        ("  - {at: 2 h, write: {SP_PU10_open: 3.0, PU3: open", "  - {at: 2 h, write: {PU3: -3",
         "PU3 cannot be -3"),
        ("  - {at: 2 h, write: {SP_PU10_open: 3.0", "  - {at: 2 h, write: {SP_PU10_open: 1.0e+9",
         "SP_PU10_open cannot be 1e"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_file_and_line(tmp_path, old, new, says):
    line = SCENARIO[: SCENARIO.index(old)].count("\n") + 1
    path = write(tmp_path, SCENARIO.replace(old, new, 1))
    with pytest.raises(InputError, match=says) as caught:
        scenarios.run(scenarios.load(path), out=tmp_path / "run")
    assert str(schema.located(caught.value, path)).startswith(f"{path}:{line}:")
    assert [p.name for p in tmp_path.iterdir()] == ["mine.yaml"]
