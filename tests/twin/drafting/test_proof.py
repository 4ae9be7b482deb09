"""A draft held against its EPANET file."""

import json
import re

import pytest
from typer.testing import CliRunner

from scenarios.cli import app
from tests.twin.plants.test_rewrite import TOWN
from twin.drafting.draft import check, draft
from twin.drafting.proof import table, verdict
from twin.errors import InputError
from twin.testbed import Testbed

CONTROLS = """
[CONTROLS]
LINK P1 OPEN IF NODE K BELOW 2
LINK P1 CLOSED IF NODE K ABOVE 5
{more}

[END]
"""


def town(tmp_path, more="", change=lambda text: text):
    path = tmp_path / "town.inp"
    path.write_text(change(TOWN.replace("[END]", CONTROLS.format(more=more))))
    return draft(path, tmp_path / "town")


def quiet(what, share):
    assert 0.0 <= share <= 1.0


def test_a_draft_that_does_what_its_file_does_says_so_first(tmp_path):
    made = town(tmp_path)
    assert made.proof.holds
    (tank,) = made.proof.tanks
    (pump,) = made.proof.pumps
    assert tank.apart_m < 0.01
    assert pump.plant_h == pytest.approx(pump.epanet_h, abs=0.05)
    assert 10 < pump.plant_h < 40
    lines = (tmp_path / "town" / "DRAFT.md").read_text().splitlines()
    assert lines[2].startswith("Beside EPANET")
    assert "K at" in lines[2]
    assert any(line.startswith("| P1 |") for line in lines)


def test_it_is_checked_again_and_a_changed_threshold_is_found(tmp_path):
    made = town(tmp_path)
    source, proof = check(made.spec.folder, quiet)
    assert source.name == "source.inp"
    assert proof == made.proof
    plcs = made.spec.folder / "plcs.yaml"
    plcs.write_text(plcs.read_text().replace("L_K > 5.0", "L_K > 4.0"))
    _, proof = check(made.spec.folder, quiet)
    assert not proof.holds
    (tank,) = proof.tanks
    assert tank.apart_m > 0.5
    assert 0 < tank.beyond_from_h < 48
    assert "**Warning" in verdict(proof)[0]
    assert any("the first to switch otherwise is P1" in reason for reason in proof.reasons)
    assert any("| K |" in line for line in table(proof))
    shown = CliRunner().invoke(app, ["plant", "check", str(made.spec.folder)])
    assert shown.exit_code == 1
    assert f"- the level of tank K: up to {tank.apart_m:.3f} m apart" in shown.stdout
    assert "Levels may be 20 mm apart" in shown.stdout


def test_controls_at_times_of_a_days_file_become_daily_and_explain_what_parts(tmp_path):
    made = town(
        tmp_path,
        "LINK P1 OPEN AT TIME 3\nLINK P1 CLOSED AT TIME 9",
        lambda text: re.sub("LINK P1 .* IF .*\n", "", text.replace("48:00", "24:00")),
    )
    (note,) = made.notes
    assert note.startswith("P1 switches daily, by the `hour`: the file's `AT TIME` controls come")
    assert not made.proof.holds
    assert any("P1 switches daily here" in reason for reason in made.proof.reasons)


def test_a_statement_that_is_left_out_is_given_as_the_reason(tmp_path):
    more = "\n[RULES]\nRULE 1\nIF SYSTEM DEMAND > 1\nTHEN PUMP P1 STATUS IS CLOSED"
    proof = town(tmp_path, more).proof
    assert not proof.holds
    assert any("not carried over" in reason and "DEMAND" in reason for reason in proof.reasons)


def test_rules_that_epanet_refuses_leave_it_unknown(tmp_path):
    proof = town(tmp_path, "\n[RULES]\nRULE 1\nIF TANK NO LEVEL > 1\nTHEN PUMP P1 STATUS IS CLOSED")
    assert "EPANET" in proof.proof.failure
    assert not proof.proof.holds
    assert "not known" in verdict(proof.proof)[0]


@pytest.mark.parametrize("clock", ["6:03:00", "6:30", "18:45", "6:30 PM", "0:00"])
def test_a_control_at_a_time_of_the_day_of_any_form(tmp_path, clock):
    made = town(tmp_path, f"LINK P1 OPEN AT CLOCKTIME {clock}")
    assert made.proof.holds
    assert not any("CLOCKTIME" in line for line in made.left)


def test_metric_pumps_of_constant_power_are_as_strong_as_the_file_says(tmp_path):
    assert town(tmp_path, change=lambda text: text.replace("HEAD PC", "POWER 20")).proof.holds


def test_a_start_in_the_middle_of_a_day_and_of_the_pattern(tmp_path):
    def change(text):
        return text.replace("[OPTIONS]", "Start ClockTime 6:30 PM\nPattern Start 5:00\n\n[OPTIONS]")

    more = "LINK P1 OPEN AT CLOCKTIME 7 PM\nLINK P1 CLOSED AT TIME 5:10"
    assert town(tmp_path, more, change).proof.holds


def pressure_driven(required, minimum=0):
    options = f"Demand Model PDA\nMinimum Pressure {minimum}\nRequired Pressure {required}"
    return lambda text: text.replace("Units LPS", f"Units LPS\n{options}")


def test_a_pressure_driven_file_is_compared_pressure_driven(tmp_path):
    assert town(tmp_path, change=pressure_driven(30)).proof.holds


def drawn(spec, required):
    with Testbed(spec, warmup=0.0, pressure_driven=True, required_pressure=required) as bed:
        for _ in bed.run(7200):
            pass
        return bed.totals()["drawn_m3"]


def test_a_drafted_plant_keeps_the_files_own_required_pressure(tmp_path):
    made = town(tmp_path, change=pressure_driven(105, minimum=20))
    assert made.proof.holds
    assert made.spec.required_pressure == 105.0
    (note,) = [note for note in made.notes if "required pressure" in note]
    assert "`demand_model: pressure-driven`" in note
    assert "105 m" in note
    own, same, less = (drawn(made.spec, required) for required in (None, 105.0, 30.0))
    assert own == same < less
    with pytest.raises(InputError, match=r"at least 20.1 m .* MINIMUM PRESSURE is 20 m, not 5 m"):
        Testbed(made.spec, warmup=0.0, pressure_driven=True, required_pressure=5.0)


def test_a_plant_without_its_file_is_told_how_to_give_one(tmp_path):
    folder = town(tmp_path).spec.folder
    (folder / "source.inp").unlink()
    with pytest.raises(InputError, match=r"source\.inp.*Copy the EPANET file"):
        check(folder, quiet)


def test_the_command_prints_words_or_json(tmp_path):
    folder = town(tmp_path).spec.folder
    said = CliRunner().invoke(app, ["plant", "check", str(folder)])
    assert said.exit_code == 0
    assert "Beside EPANET" in said.stdout
    found = CliRunner().invoke(app, ["plant", "check", str(folder), "--json"])
    assert json.loads(found.stdout)["holds"] is True
