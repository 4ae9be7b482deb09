"""The page a run leaves."""

from dataclasses import replace

import scenarios
from scenarios.definition.schema import from_data
from scenarios.report import html as report


def test_no_figure_is_minus_nothing(tmp_path):
    """Not all of a demand that none was delivered of is exactly as much as all of it."""
    entry = {"on": "actuator:PU4", "do": {"force": {"to": "open"}}}
    data = {"name": "x", "duration": "1 h", "warmup": "0 h", "detector": None, "attacks": [entry]}
    run = scenarios.run(from_data(data))
    impact = run.impact.astype(float)
    impact.loc["unmet_m3", "run"] = 10.0
    impact.loc[impact.index.str.startswith("availability_")] = -1e-9
    report.write(tmp_path, replace(run, impact=impact))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "10 m³ of demand were not delivered" in page
    assert "0.0 % of all was" in page
    assert "-0.0" not in page
