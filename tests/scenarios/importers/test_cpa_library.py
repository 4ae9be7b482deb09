"""epanetCPA's examples in the library: what their headers say they do to the water, they do."""

import numpy as np
import pytest

import scenarios
from scenarios.definition.schema import path_of
from twin.units import HOUR


def run(name, hours):
    return scenarios.run(scenarios.load(name), duration=hours * HOUR, watch=False, pair=False)


def clock(table):
    """Return the hour of each row."""
    return table.index.to_numpy() / HOUR


def says(name, *numbers):
    """Check that the header of a scenario gives these numbers."""
    text = path_of(name).read_text(encoding="utf-8")
    header = " ".join(line.strip("# ") for line in text.splitlines() if line.startswith("#"))
    for number in numbers:
        assert number in header


def empty(truth, tank):
    """Return when a tank is first empty [h], and for how long in all."""
    dry = (truth[f"L_{tank}"] < 0.005).to_numpy()
    hours = clock(truth)
    return (float(hours[dry][0]) if dry.any() else np.inf), float(dry.sum()) / 12.0


@pytest.mark.parametrize("name", ["cpa-01", "cpa-02"])
def test_a_false_full_tank_runs_dry(name):
    truth = run(name, 26).truth
    first, long = empty(truth, "T2")
    assert first == pytest.approx(13.7, abs=0.1) and long == pytest.approx(11, abs=1.2)
    says(name, "h 13.7", {"cpa-01": "11 h", "cpa-02": "10 h"}[name])
    dry = {"cpa-01": 0.8, "cpa-02": 2.1}[name]
    assert empty(truth, "T3")[1] == pytest.approx(dry, abs=0.3)
    assert empty(truth, "T4")[1] > 0
    hours = clock(truth)
    lied = (hours >= 10.1) & (hours < 20)
    assert not truth["S_V2"].to_numpy()[lied].any()


def test_thresholds_close_together_wear_the_pumps():
    made = run("cpa-03", 40)
    starts = {}
    for pump in ("PU10", "PU11"):
        on = made.truth[f"S_{pump}"].to_numpy()
        hours = clock(made.truth)[1:]
        starts[pump] = int(((np.diff(on) > 0) & (hours >= 30) & (hours <= 35)).sum())
    assert starts == {"PU10": 14, "PU11": 14}
    says("cpa-03", "14 times each")
    levels = made.truth["L_T7"][(clock(made.truth) > 31) & (clock(made.truth) < 35)]
    assert levels.between(2.8, 3.3).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cpa-04", "cpa-05"])
def test_a_blind_plc_overflows_the_tank(name):
    made = run(name, 168)
    assert made.impact.loc["overflow_m3", "run"] == pytest.approx(3746, abs=40)
    says(name, "3746 m³")
    hours = clock(made.truth)
    full = made.truth["L_T1"].to_numpy() >= 6.495
    assert hours[full][0] == pytest.approx(82.4, abs=0.2)
    told = made.plc["PLC1.L_T1"].to_numpy()
    assert len(set(told[hours > 51])) == 1  # what it heard last
    shown = made.scada["L_T1"].to_numpy()
    gap = np.max(np.abs(shown - made.truth["L_T1"].to_numpy()))
    if name == "cpa-04":
        assert gap < 0.01
    else:
        assert gap > 5.0
        says(name, "0.9 m", "6.5 m")
