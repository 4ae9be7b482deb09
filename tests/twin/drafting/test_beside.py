"""A drafted plant does what EPANET makes of the same file."""

from pathlib import Path

import pytest
from wntr.library import ModelLibrary

from tests.twin.drafting.beside import apart, broken, native, plant
from twin.drafting.draft import draft
from twin.testbed import Testbed
from twin.units import DAY

TOWN = """\
[JUNCTIONS]
 A 20 0
 B 22 6
 C 25 8
 D 18 5
[RESERVOIRS]
 S 15
[TANKS]
 K 60 3 {bottom} 6 12 0
[PIPES]
 AB A B 400 300 110 0 Open
 BC B C 600 250 110 0 Open
 CK C K 50 300 110 0 {inlet}
 BD2 B D 900 100 110 0 Closed
[PUMPS]
 P1 S A HEAD PC {speed}
[VALVES]
 W B D 150 PRV {prv} 0
[CURVES]
 PC 40 70
[PATTERNS]
 day 0.6 0.8 1.3 1.5 1.2 0.6
 sp 1 0.9 1 0.8 0.95 1
[EMITTERS]
{emitters}
[CONTROLS]
{controls}
[RULES]
{rules}
[TIMES]
 Duration 48:00
 Hydraulic Timestep 1:00
 Pattern Timestep 4:00
 Report Timestep 1:00
[OPTIONS]
 Units LPS
 Headloss H-W
 Pattern day
 {options}
[END]
"""
BAND = "LINK P1 OPEN IF NODE K BELOW 2\nLINK P1 CLOSED IF NODE K ABOVE 5"
TWO_DAYS = 2 * int(DAY)


def town(tmp_path, **parts):
    defaults = {
        "bottom": 0.5,
        "inlet": "Open",
        "speed": "",
        "prv": 25,
        "emitters": "",
        "controls": "",
        "rules": "",
        "options": "",
    }
    file = tmp_path / "town.inp"
    file.write_text(TOWN.format(**(defaults | parts)))
    return file


def rule(name, condition, action, priority=0):
    return f"RULE {name}\nIF {condition}\nTHEN {action}\nPRIORITY {priority}\n"


CASES = {
    "psi": {"controls": BAND, "options": "Pressure PSI", "prv": 40},
    "kpa": {"controls": BAND, "options": "Pressure KPA\n Specific Gravity 0.9", "prv": 300},
    "emitters in psi": {
        "controls": BAND,
        "options": "Pressure PSI\n Emitter Exponent 0.8",
        "emitters": " B 0.1",
    },
    "speed pattern": {"controls": BAND, "speed": "PATTERN sp"},
    "below the bottom": {
        "bottom": 2,
        "controls": "LINK P1 CLOSED IF NODE K ABOVE 5\nLINK P1 OPEN IF NODE K BELOW 1",
    },
    "above the rim": {
        "controls": "LINK P1 OPEN IF NODE K BELOW 2\nLINK P1 CLOSED IF NODE K ABOVE 7"
    },
    "several actions": {
        "rules": rule(
            "a", "TANK K LEVEL ABOVE 4", "PUMP P1 SETTING IS 0.85\nAND PUMP P1 STATUS IS CLOSED"
        )
    },
    "open keeps speed": {
        "rules": rule("slow", "TANK K LEVEL BELOW 4.5", "PUMP P1 SETTING IS 0.85", 3)
        + rule("on", "TANK K LEVEL BELOW 5", "PUMP P1 STATUS IS OPEN", 2)
        + rule("off", "TANK K LEVEL ABOVE 5.5", "PUMP P1 STATUS IS CLOSED")
    },
    "controls after rules": {
        "controls": BAND,
        "rules": rule("against", "TANK K LEVEL BELOW 2", "PUMP P1 STATUS IS CLOSED"),
    },
    "no dead band": {
        "rules": rule("low", "TANK K LEVEL BELOW 4", "PUMP P1 STATUS IS OPEN")
        + rule("high", "TANK K LEVEL ABOVE 4", "PUMP P1 STATUS IS CLOSED")
    },
    "valve at 0": {
        "controls": BAND + "\nLINK W 0 IF NODE K BELOW 2.5\nLINK W 20 IF NODE K ABOVE 4"
    },
}  # fmt: skip


@pytest.mark.parametrize("parts", CASES.values(), ids=CASES)
def test_a_drafted_plant_goes_with_epanet(tmp_path, parts):
    """Within 2 cm, or twice what EPANET differs from itself at another step."""
    file = town(tmp_path, **parts)
    run, _, totals = plant(file, tmp_path / "town", TWO_DAYS)
    reference = native(file, TWO_DAYS)
    own = apart(reference, native(file, TWO_DAYS, 3600), TWO_DAYS)
    for tank, most in apart(reference, run, TWO_DAYS).items():
        assert most <= max(0.02, 2 * own[tank])
    assert run.hours("P1") == pytest.approx(reference.hours("P1"), abs=0.5)
    assert run.switches("P1") <= max(reference.switches("P1") + 10, TWO_DAYS / 300)
    assert broken(totals) < 1e-3


@pytest.mark.parametrize("inlet", ["Open", "CV"])
def test_a_full_tank_takes_no_water(tmp_path, inlet):
    file = town(tmp_path, inlet=inlet)
    if inlet == "CV":
        file.write_text(file.read_text().replace(" A 20 0\n", " A 20 40\n"))
    run, _, totals = plant(file, tmp_path / "town", TWO_DAYS)
    assert run.levels["K"].max() == pytest.approx(6.0, abs=1e-3)
    assert broken(totals) < 1e-3


def test_a_full_tanks_inlet_stays_shut_and_is_not_opened_for_a_look(tmp_path):
    """EPANET may find a false solution from what it finds then (ky10's pumps of constant power)."""
    spec = draft(town(tmp_path), tmp_path / "town").spec
    with Testbed(spec, warmup=0.0) as bed:
        water = bed.plant
        solutions, run = [], water._engine.run
        water._engine.run = lambda: solutions.append(water.levels[0]) or run()
        for _ in bed.run(TWO_DAYS):
            pass
    instants = TWO_DAYS // 300
    assert sum(level > 5.999 for level in solutions) > 100
    assert len(solutions) < 1.05 * instants + 20


def test_an_empty_tank_loses_only_its_outflow(tmp_path):
    file = tmp_path / "through.inp"
    file.write_text(
        "[JUNCTIONS]\n A 20 0\n B 22 40\n[RESERVOIRS]\n S 15\n[TANKS]\n K 60 1 0.5 6 8 0\n"
        "[PIPES]\n IN A K 500 200 110 0 Open\n OUT K B 800 300 110 0 Open\n"
        "[PUMPS]\n P1 S A HEAD PC\n[CURVES]\n PC 25 70\n"
        "[TIMES]\n Duration 48:00\n Hydraulic Timestep 1:00\n Report Timestep 1:00\n"
        "[OPTIONS]\n Units LPS\n Headloss H-W\n[END]\n"
    )
    run, _, totals = plant(file, tmp_path / "through", TWO_DAYS)
    reference = native(file, TWO_DAYS)
    assert run.volume("P1") == pytest.approx(reference.volume("P1"), rel=0.01)
    assert run.switches("P1") == 0
    assert broken(totals) < 1e-3


def test_a_draft_says_first_what_has_no_dead_band(tmp_path):
    _, made, _ = plant(town(tmp_path, **CASES["no dead band"]), tmp_path / "town", 3600)
    (note,) = made.notes
    assert "no dead band for P1" in note
    assert note in (tmp_path / "town" / "DRAFT.md").read_text().split("## Done")[0]


@pytest.mark.parametrize(
    "name",
    [
        *("Net1", "Net2", "Net3"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("Net6", "ky4", "ky10")),
    ],
)  # fmt: skip
def test_no_water_is_lost(tmp_path, name):
    file = Path(ModelLibrary().get_filepath(name))
    _, _, totals = plant(file, tmp_path / name, TWO_DAYS)
    assert broken(totals) < 1e-3


def test_emitters_of_a_file_draw_water_in_below_zero_pressure(tmp_path):
    file = town(tmp_path, controls=BAND, emitters=" C 0.5")
    file.write_text(file.read_text().replace(" C 25 8\n", " C 90 8\n"))
    run, made, totals = plant(file, tmp_path / "town", TWO_DAYS)
    assert apart(native(file, TWO_DAYS), run, TWO_DAYS)["K"] <= 0.15
    assert totals["leaked_m3"] < 0.0
    assert broken(totals) < 1e-3
    assert any("emitters" in note for note in made.notes)
