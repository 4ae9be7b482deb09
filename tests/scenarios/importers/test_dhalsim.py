import dataclasses

import pytest
from typer.testing import CliRunner

import scenarios
from scenarios.cli import app
from scenarios.definition import schema
from scenarios.importers import inp
from scenarios.importers.counterparts import Counterparts
from scenarios.importers.dhalsim.experiment import read_dhalsim
from scenarios.importers.imported import LEFT_OUT
from tests.scenarios.importers.dhalsim_files import (
    CONFIG,
    PLCS,
    TIMED,
    entries,
    folder,
    network_attack,
    notes,
    read,
)
from tests.scenarios.importers.imported import commented, loaded, one_plant
from tests.twin.plants.test_rewrite import TOWN
from twin.drafting.draft import draft
from twin.errors import InputError

__all__ = ["folder", "one_plant"]  # fixtures for the tests here


DOWN = {"constant": {"value": 0.2}}
UP = {"offset": {"by": 10.0}}


@pytest.mark.parametrize(
    ("kind", "rest", "expected"),
    [
        (
            "naive_mitm",
            "  target: PLC1\n  value: 0.2\n",
            [("link:PLC1->*", ["F_PU1", "S_PU1", "F_PU2", "S_PU2", "P_J280"], DOWN)],
        ),
        ("naive_mitm", "  target: PLC2\n  offset: 10\n", [("link:PLC2->*", [], UP)]),
        (
            "naive_mitm",
            "  target: PLC3\n  offset: 10\n  direction: destination\n",
            [("link:PLC4->PLC3", [], UP), ("link:PLC6->PLC3", [], UP)],
        ),
        (
            "mitm",
            "  target: PLC4\n  tag: T3\n  value: 0.2\n  direction: source\n",
            [("link:PLC4->*", ["L_T3"], DOWN)],
        ),
        (
            "mitm",
            "  target: PLC1\n  tags: [{tag: T1, value: 0.2}, {tag: PU1F, offset: 10.0}]\n",
            [("link:PLC2->PLC1", ["L_T1"], DOWN), ("link:PLC1->*", ["F_PU1"], UP)],
        ),
        (
            "server_mitm",
            "  target: PLC1\n  tags: [{tag: PU1, value: 0.2}]\n",
            [("link:PLC1->*", ["S_PU1"], DOWN)],
        ),
        (
            "simple_dos",
            "  target: PLC4\n  direction: source\n",
            [("link:PLC4->*", [], {"drop": {}})],
        ),
        (
            "simple_dos",
            "  target: PLC1\n  direction: destination\n",
            [("link:PLC2->PLC1", [], {"drop": {}})],
        ),
        (
            "concealment_mitm",
            "  target: PLC4\n  tags: [{tag: T3, offset: 10.0}]\n  concealment_data:\n"
            "    type: value\n    concealment_value: [{tag: T3, value: 0.2}]\n",
            [("link:PLC4->PLC3", ["L_T3"], UP), ("link:PLC4->SCADA", ["L_T3"], DOWN)],
        ),
        (
            "concealment_mitm",
            "  target: PLC4\n  tag: T3\n  offset: 10.0\n  concealment_value: 0.2\n",
            [("link:PLC4->PLC3", ["L_T3"], UP), ("link:PLC4->SCADA", ["L_T3"], DOWN)],
        ),
    ],
)
def test_each_man_in_the_middle(folder, kind, rest, expected):
    made = network_attack(folder, kind, rest)
    assert entries(made) == expected
    # iterations 12 to 35, both included, of 5 min
    assert {tuple(e["when"].items()) for e in made.data["attacks"]} == {
        (("from", "1 h"), ("to", "3 h"))
    }
    assert {e["incident"] for e in made.data["attacks"]} == {"one"}


def test_replays_play_what_was_captured(folder):
    data = "{type: payload_replay, capture_start: 14, capture_end: 20, replay_start: 26}"
    rest = f"  target: PLC2\n  tags: [{{tag: T1, offset: 10.0}}]\n  concealment_data: {data}\n"
    made = network_attack(folder, "concealment_mitm", rest)
    assert entries(made) == [
        ("link:PLC2->PLC1", ["L_T1"], UP),
        ("link:PLC2->SCADA", ["L_T1"], {"replay": {"shift": "1 h"}}),
    ]
    # The attack itself waits for the replay: iterations 26 to 31.
    assert [e["when"] for e in made.data["attacks"]] == [{"from": "130 min", "to": "160 min"}] * 2
    rest = "  target: PLC2\n  capture_start: 12\n  capture_end: 24\n  replay_start: 24\n"
    made = network_attack(folder, "replay_mitm", rest)
    assert entries(made) == [("link:PLC2->SCADA", [], {"replay": {"shift": "1 h"}})]
    assert made.data["attacks"][0]["when"] == {"from": "2 h", "to": "3 h"}
    assert any("no effect" in text for text in notes(made, "differs"))
    loaded(made, folder)


def test_concealment_by_a_file_is_a_table(folder):
    (folder / "hide.csv").write_text("iteration,T3\n12,5\n24,6\n")
    rest = (
        "  target: PLC4\n  tags: [{tag: T3, value: 0.2}]\n"
        "  concealment_data: {type: path, path: hide.csv}\n"
    )
    made = network_attack(folder, "concealment_mitm", rest)
    assert entries(made)[1] == (
        "link:PLC4->SCADA",
        ["L_T3"],
        {"table": {"file": "one-L_T3", "staircase": True}},
    )
    assert made.tables["one-L_T3"].splitlines() == ["time,L_T3", "0,5", "1,6"]
    assert any("no row for some iterations" in text for text in notes(made, "differs"))
    loaded(made, folder)
    (folder / "hide.csv").unlink()
    with pytest.raises(InputError, match=r"attacks\.yaml:6:40: path hide\.csv is missing"):
        network_attack(folder, "concealment_mitm", rest)


def test_device_attacks_and_their_triggers(folder):
    attacks = """\
device_attacks:
- {name: a, actuator: PU10, command: closed, trigger: {type: time, start: 0, end: 11}}
- {name: b, actuator: V2, command: Open, trigger: {type: below, sensor: T2, value: 1.5}}
- {name: c, actuator: PU1, command: 0.8, trigger: {type: above, sensor: PU2F, value: 3}}
- name: d
  actuators: [PU4, PU5]
  command: open
  trigger: {type: between, sensor: J280, lower_value: 10, upper_value: 20.5}
"""
    made = read(folder, attacks)
    assert [(e["on"], e["do"]["force"]["to"], e["when"]) for e in made.data["attacks"]] == [
        ("actuator:PU10", "closed", {"from": "0 s", "to": "1 h"}),
        ("actuator:V2", "open", {"start": "L_T2 <= 1.5", "follow": True}),
        ("actuator:PU1", 0.8, {"start": "F_PU2 >= 3", "follow": True}),
        ("actuator:PU4", "open", {"start": "10 <= P_J280 <= 20.5", "follow": True}),
        ("actuator:PU5", "open", {"start": "10 <= P_J280 <= 20.5", "follow": True}),
    ]
    assert any("compares strictly" in text for text in notes(made, "differs"))
    assert commented(made.to_yaml()) == []
    loaded(made, folder)


def test_network_events_are_faults(folder):
    attacks = """\
network_events:
- {name: l, type: packet_loss, target: PLC1, value: 25, trigger: {type: time, start: 0, end: 11}}
- name: both
  type: network_delay_loss
  target: PLC4
  trigger: {type: time, start: 0, end: 11}
  loss_value: 10
  delay_value: 4000
"""
    made = read(folder, attacks)
    lost = {"drop": {"probability": 0.25}}
    assert entries(made, "faults") == [
        ("link:PLC1->*", [], lost),
        ("link:PLC2->PLC1", [], lost),
        ("link:PLC4->*", [], {"drop": {"probability": 0.1}}),
        ("link:PLC4->*", [], {"delay": {"by": "4000 ms"}}),
    ]
    assert "attacks" not in made.data
    loaded(made, folder)


def test_the_experiment_around_the_attacks(folder):
    (folder / "tanks.csv").write_text("T1,T3\n4.5,2\n1,1\n")
    (folder / "loss.csv").write_text("PLC2,scada\n10,20\n")
    (folder / "delay.csv").write_text("PLC2,PLC1\n40,2.5\n")
    rows = [f"{0.5 + hour / 100},1.0" for hour in range(5)]
    (folder / "demands.csv").write_text("\n".join(["DMA1_pat,DMA2_pat", *rows]))
    more = (
        "noise_scale: 0.02\ninitial_tank_data: tanks.csv\ndemand_patterns: demands.csv\n"
        "network_loss_data: loss.csv\nnetwork_delay_data: delay.csv\nlog_level: debug\n"
        "simulator: epynet\nfoo: 1\n"
    )
    made = read(folder, config=CONFIG + more)
    data = made.data
    assert (data["duration"], data["demand_model"]) == ("12 h", "demand-driven")
    assert data["initial_levels"] == {"T1": 4.5, "T3": 2.0}
    assert data["control"]["links"]["PLC2->SCADA"] == {"loss": 0.28, "latency": "40 ms"}
    assert data["control"]["links"]["PLC2->PLC1"] == {"loss": 0.1, "latency": "42.5 ms"}
    assert data["control"]["sensors"] == {"*": {"noise": 0.02}}
    demands = made.tables["demands"].splitlines()
    assert len(demands) == 13 and demands[0] == "DMA1,DMA2,DMA3,DMA4,DMA5"
    assert demands[6].split(",")[:2] == ["0.5", "1"]  # the file's five hours begin again
    left = " / ".join(notes(made, "left out"))
    assert all(word in left for word in ("log_level", "simulator epynet", "foo is no key"))
    assert any("DMA3_pat is not in the demands file" in text for text in notes(made, "differs"))
    scenario = loaded(made, folder)
    assert scenario.plant_spec().wiring.links["PLC2->PLC1"].latency == pytest.approx(0.0425)


def test_the_time_of_an_iteration_is_the_epanet_files_step(folder):
    inp = (folder / "town.inp").read_text()
    head, _, tail = inp.partition("HYDRAULIC TIMESTEP")
    (folder / "town.inp").write_text(f"{head}Hydraulic Timestep 0:15\n{tail.partition(chr(10))[2]}")
    made = network_attack(folder, "simple_dos", "  target: PLC4\n  direction: source\n")
    assert made.data["attacks"][0]["when"] == {"from": "3 h", "to": "9 h"}
    assert (made.data["duration"], made.data["control"]["step"]) == ("36 h", "15 min")


def test_the_epanet_files_own_thresholds_are_compared(folder):
    inp = (folder / "town.inp").read_text().replace("Tank T5 above 4.0", "Tank T5 above 4.5")
    (folder / "town.inp").write_text(inp)
    (text,) = [text for text in notes(read(folder), "differs") if "PU8 closed" in text]
    assert "PU8 closed if T5 > 4.5; here 4" in text


def test_what_the_files_plcs_lack_is_told(folder):
    told = notes(read(folder), "differs")
    assert "not among the PLCs of the file, but at work here: PLC5, PLC7 to PLC9" in told
    assert "driven by no PLC of the file, but here by PLC1, PLC5: PU3, PU8 to PU11" in told
    more = (
        "- {name: PLC5, sensors: [J302], actuators: [PU3, PU8, PU9, PU10, PU11]}\n"
        "- {name: PLC7, sensors: [T5]}\n- {name: PLC8, sensors: [T6]}\n"
        "- {name: PLC9, sensors: [T7]}\n"
    )
    (folder / "plcs.yaml").write_text(PLCS + more)
    assert not any("PLC of the file" in text for text in notes(read(folder), "differs"))


def test_missing_companions_stop_it_or_are_replaced(folder):
    (folder / "town.inp").unlink()
    with pytest.raises(InputError, match=r"theirs\.yaml:1:11: inp_file town\.inp is missing"):
        read(folder)
    assert read(folder, companions=False).data["control"]["step"] == "5 min"
    (folder / "plcs.yaml").unlink()
    with pytest.raises(InputError, match=r"theirs\.yaml:4:1: plcs: plcs\.yaml is missing"):
        read(folder)
    made = read(folder, companions=False)
    assert len(notes(made, "replaced")) == 2
    (folder / "attacks.yaml").unlink()
    with pytest.raises(InputError, match=r"theirs\.yaml:6:1: attacks: attacks\.yaml is missing"):
        read(folder, companions=False)


def test_a_batch_is_a_scenario_for_each_row(folder):
    (folder / "tanks.csv").write_text("T1\n4.5\n3.5\n")
    text = CONFIG + "batch_simulations: 2\ninitial_tank_data: tanks.csv\n"
    (folder / "theirs.yaml").write_text(text)
    made = read_dhalsim(folder / "theirs.yaml", "ctown")
    assert [one.data["initial_levels"]["T1"] for one in made] == [4.5, 3.5]
    assert [one.data["name"] for one in made] == ["theirs-0", "theirs-1"]
    (folder / "theirs.yaml").write_text(text.replace("simulations: 2", "simulations: 3"))
    with pytest.raises(InputError, match="no row for simulation 2"):
        read_dhalsim(folder / "theirs.yaml", "ctown")


def test_attacks_alone_and_the_oldest_spellings(folder):
    path = folder / "alone.yaml"
    path.write_text(
        "network_attacks:\n- {name: x, type: simple_dos, target: PLC4, direction: source,"
        " trigger: {type: time, start: 2880, end: 2881}}\n"
    )
    (made,) = read_dhalsim(path, "ctown")
    assert made.data["duration"] == "265 h"  # a day longer than the attack
    assert entries(made) == [("link:PLC4->*", [], {"drop": {}})]
    path.write_text(
        "attacks:\n"
        "- {name: a, type: device_attack, target: plc1, actuators: [pu1, pu2], command: Close,"
        " start: 12, end: 23}\n"
        "- {name: b, type: network_attack, source_plc: plc2, destination_plc: plc1, values: [7.0],"
        " tags: [T1], start: 12, end: 23}\n"
        "- {name: c, type: concealment_attack, source_plc: plc2, destination_plc: plc1,"
        " values: [5.5], tags: [T1], start: 12, end: 23}\n"
    )
    (made,) = read_dhalsim(path, "ctown")
    assert [on for on, _, _ in entries(made)] == [
        "actuator:PU1",
        "actuator:PU2",
        "link:PLC2->PLC1",
        "link:PLC2->SCADA",
    ]
    path.write_text(
        "device_attacks:\n- {name: a, type: Below, actuators: [PU1], command: closed, sensor: T1,"
        " value: 0.2}\n"
    )
    (made,) = read_dhalsim(path, "ctown")
    assert made.data["attacks"][0]["when"] == {"start": "L_T1 <= 0.2", "follow": True}


def test_nothing_is_dropped_in_silence(folder):
    attacks = """\
network_attacks:
- {name: a, type: unconstrained_blackbox_concealment_mitm, trigger: {type: time, start: 1, end: 2}}
- {name: b, type: seq_mitm, target: PLC1, trigger: {type: time, start: 1, end: 2}}
- {name: c, type: simple_dos, target: PLC1, trigger: {type: time, start: 3, end: 2}}
- {name: d, type: mitm, target: PLC4, tag: T4, value: 1, trigger: {type: time, start: 1, end: 2}}
- {name: e, type: simple_dos, target: PLC4, color: red, trigger: {type: time, start: 1, end: 2}}
"""
    made = read(folder, attacks)
    told = {note.line: note.text for note in made.notes if note.file == "attacks.yaml"}
    assert "neural network" in told[2] and "seq_mitm" in told[3]
    assert "before it starts" in told[4] and "in neither direction" in told[5]
    assert any("color" in text for text in notes(made, "left out"))
    assert entries(made) == [("link:PLC4->*", [], {"drop": {}})]


DAILY = """\
inp_file: town.inp
iterations: 288
plcs:
  - name: PLC1
    actuators: [P1]
  - name: PLC2
    sensors: [K]
demand: pdd
demand_patterns: water.csv
"""


def daily(tmp_path, options=""):
    """Draft a plant whose demands follow no weekly pattern; return its folder and an import."""
    text = TOWN.replace("Pattern day", f"Pattern day\n{options}").replace(
        "Hydraulic Timestep 1:00", "Hydraulic Timestep 0:05"
    )
    (tmp_path / "town.inp").write_text(
        text.replace("Pattern Timestep 4:00", "Pattern Timestep 1:00")
    )
    (tmp_path / "exp.yaml").write_text(DAILY)
    rows = [0.6 + 0.03 * hour for hour in range(24)]
    (tmp_path / "water.csv").write_text("day\n" + "".join(f"{row:.2f}\n" for row in rows))
    draft(tmp_path / "town.inp", tmp_path / "town")
    (imported,) = read_dhalsim(tmp_path / "exp.yaml", str(tmp_path / "town"))
    return imported, rows


def written(tmp_path):
    """Import with the command, as a user does."""
    words = ["import", str(tmp_path / "exp.yaml"), "--plant", str(tmp_path / "town")]
    result = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "mine.yaml")])
    assert result.exit_code == 0, result.output
    return schema.load(tmp_path / "mine.yaml")


def test_demands_that_follow_no_weekly_pattern_are_the_files(tmp_path):
    _, rows = daily(tmp_path)
    scenario = written(tmp_path)
    truth = scenarios.run(scenario, watch=False).truth
    drawn = truth["drawn_m3"].diff().dropna()
    base = (6 + 8 + 5) / 1000 * 300
    for hour in (1, 7, 22):
        assert drawn.loc[hour * 3600 + 900] == pytest.approx(base * rows[hour], rel=0.02)


def test_such_demands_have_nothing_to_warm_up_with(tmp_path):
    daily(tmp_path)
    scenario = dataclasses.replace(written(tmp_path), warmup=3600.0)
    with pytest.raises(InputError, match="warmup: 0 h"):
        scenario.plant_spec()


@pytest.mark.parametrize(
    ("options", "metres"),
    [
        ("Pressure PSI\nRequired Pressure 15", 10.551),
        ("Pressure KPA\nRequired Pressure 100", 10.202),
        ("Required Pressure 15", 15.0),
    ],
)
def test_required_pressure_is_in_metres_whatever_the_files_unit(tmp_path, options, metres):
    imported, _ = daily(tmp_path, options)
    assert imported.data["required_pressure"] == pytest.approx(metres, abs=1e-3)


def test_required_pressure_of_a_us_file_is_in_psi(tmp_path):
    (tmp_path / "us.inp").write_text(
        TOWN.replace("Units LPS", "Units GPM\nRequired Pressure 15").replace("1:00", "0:05")
    )
    assert inp.read(tmp_path / "us.inp").required_pressure == pytest.approx(10.551, abs=1e-3)


def test_a_tag_that_the_plant_lacks_is_left_out_by_line(folder):
    made = read(folder, "device_attacks: []\nnetwork_attacks:\n- name: one\n  type: mitm\n"
                "  target: PLC2\n  tags:\n  - {tag: T99, value: 1.0}\n  - {tag: T1, value: 2.0}\n"
                + TIMED)  # fmt: skip
    (left,) = [note for note in made.notes if "'T99'" in note.text]
    assert (left.kind, left.file, left.line) == (LEFT_OUT, "attacks.yaml", 7)
    assert [tags for _, tags, _ in entries(made)] == [["L_T1"]]


def test_an_actuator_that_the_plant_lacks_is_left_out_by_line(folder):
    (folder / "plcs.yaml").write_text("- name: PLC1\n  sensors: [PU1F]\n  actuators: [PU1, PU99]\n")
    attack = "device_attacks:\n- {name: one, actuators: [PU2, PU98], command: closed"
    made = read(folder, attack + ", trigger: {type: time, start: 1, end: 2}}\n")
    left = {note.text.split("'")[1]: note for note in made.notes if "has no 'PU9" in note.text}
    assert {name: (n.kind, n.file, n.line) for name, n in left.items()} == {
        "PU99": (LEFT_OUT, "plcs.yaml", 3),
        "PU98": (LEFT_OUT, "attacks.yaml", 2),
    }
    assert [on for on, _, _ in entries(made)] == ["actuator:PU2"]


def test_another_network_than_the_plants_is_told(folder):
    assert not any("another network" in note.text for note in read(folder).notes)
    (folder / "town.inp").write_text(TOWN.replace("1:00", "0:05"))
    (note,) = [note for note in read(folder).notes if "another network" in note.text]
    assert note.text.startswith("town.inp is another network than the plant ctown: 11 of its 12 ")
    assert "hydrotwin plant new town.inp --out DIR" in note.text
    assert (note.file, note.line) == ("theirs.yaml", 1)


def test_a_component_that_a_small_plant_lacks_is_told_with_those_there_are():
    class Small:
        name = "town"

    plant = Counterparts.__new__(Counterparts)
    plant.spec, plant._kind = Small(), {"PU1": "pump", "T1": "tank"}
    assert "has no 'PU2' (" in plant.unknown("PU2").message
