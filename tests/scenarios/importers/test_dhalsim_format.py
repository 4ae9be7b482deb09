import pytest

from tests.scenarios.importers.dhalsim_files import CONFIG, entries, folder, notes, read
from tests.scenarios.importers.imported import loaded, one_plant
from twin.errors import InputError

__all__ = ["folder", "one_plant"]  # fixtures for the tests here


@pytest.mark.parametrize(
    ("attack", "at", "says"),
    [
        ("type: mitn, target: PLC1, tag: T1, value: 1", "mitn", "did you mean mitm"),
        ("type: mitm, target: PLC12, tag: T1, value: 1", "PLC12", "no PLC 'PLC12'"),
        ("type: mitm, target: PLC1, tag: T1", "{name", "either a value or an offset"),
        ("type: simple_dos, target: PLC1, direction: up", "up", "direction 'up'"),
        ("type: simple_dos", "{name", "needs 'target'"),
        (
            "type: replay_mitm, target: PLC1, capture_start: 7, capture_end: 5, replay_start: 10",
            "5",
            "nothing is captured",
        ),
        ("type: packet_los, target: PLC1, value: 3", "packet_los", "did you mean packet_loss"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_column(folder, attack, at, says):
    trigger = "trigger: {type: time, start: 1, end: 2}"
    key = "network_events" if "packet" in attack else "network_attacks"
    text = f"- {{name: a, {attack}, {trigger}}}"
    with pytest.raises(InputError) as caught:
        read(folder, f"{key}:\n{text}\n")
    place = f"{folder / 'attacks.yaml'}:2:{text.index(at) + 1}: "
    assert str(caught.value).startswith(place)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("- a\n", "1:1", "top level"),
        ("a: [1\n", "1:4", "not valid YAML"),
        ("name: x\n", "1:1", "none of DHALSIM's keys"),
        ("attacks: !import x.yaml\n", "1:1", "knows !include"),
        ("inp_file: town.inp\niterations: many\n", "2:13", "iterations is a number"),
        ("attacks: !include theirs.yaml\n", None, "includes itself"),
        ("plcs:\n- {sensors: [T1]}\n", "2:3", "needs 'name'"),
    ],
)
def test_what_is_no_experiment_is_said(folder, text, place, says):
    with pytest.raises(InputError) as caught:
        read(folder, config=text)
    assert says in str(caught.value)
    where = f"{folder / 'theirs.yaml'}:{place}: " if place else f"{folder / 'theirs.yaml'}: "
    assert str(caught.value).startswith(where)


def test_what_the_server_itself_is_told(folder):
    attacks = """\
network_attacks:
- {name: a, type: simple_dos, target: scada, trigger: {type: time, start: 1, end: 2}}
- {name: b, type: naive_mitm, target: SCADA, offset: 1, trigger: {type: time, start: 1, end: 2}}
- {name: c, type: replay_mitm, target: scada, capture_start: 0, capture_end: 2, replay_start: 9}
"""
    made = read(folder, attacks)
    assert entries(made) == [
        ("link:*->SCADA", [], {"drop": {}}),
        ("link:*->SCADA", [], {"offset": {"by": 1.0}}),
        ("link:*->SCADA", [], {"replay": {"shift": "45 min"}}),
    ]
    # Without a trigger a replay plays when it says it does.
    assert made.data["attacks"][2]["when"] == {"from": "45 min", "to": "55 min"}
    loaded(made, folder)


def test_older_spellings_of_a_trigger_a_file_and_the_switches(folder):
    (folder / "tanks.csv").write_text("T1,T3\n1,2\n")
    (folder / "loss.csv").write_text("PLC2,scada\n10,20\n")
    (folder / "shown.csv").write_text("iteration,T3\n" + "".join(f"{i},4\n" for i in range(12, 36)))
    config = CONFIG + (
        "initial_tank_values: tanks.csv\nnetwork_loss: no\nnetwork_loss_data: loss.csv\n"
    )
    attacks = (
        "network_attacks:\n- name: one\n  type: concealment_mitm\n  target: PLC4\n  tag: T3\n"
        "  value: 1\n  concealment_data: shown.csv\n"
        "  trigger: {type: Time, begin: 12, end: 35}\n"
    )
    made = read(folder, attacks, config)
    assert made.data["initial_levels"] == {"T1": 1.0, "T3": 2.0}
    assert "links" not in made.data["control"]
    assert any("network_loss is off" in text for text in notes(made, "left out"))
    lie, shown = made.data["attacks"]
    assert lie["when"] == {"from": "1 h", "to": "3 h"}
    assert (shown["on"], list(shown["do"])) == ("link:PLC4->SCADA", ["table"])
    off = read(folder, attacks, config + "run_attack: no\n")
    assert "attacks" not in off.data
    assert any("run_attack is off" in text for text in notes(off, "left out"))


def test_anchors_and_merged_keys(folder):
    attacks = """\
network_attacks:
- &first
  {name: one, type: mitm, target: PLC4, tag: T3, value: 1, trigger: {type: time, start: 1, end: 2}}
- {<<: *first, name: two, value: 2}
- {<<: *first, name: three, tag: T99}
"""
    made = read(folder, attacks)
    (left,) = [note for note in made.notes if "'T99'" in note.text]
    assert (left.file, left.line) == ("attacks.yaml", 5)
    assert [do for *_, do in entries(made)] == [{"constant": {"value": v}} for v in (1.0, 2.0)]


@pytest.mark.parametrize("name", ["..", "x" * 400, "demands"])
def test_a_companion_that_no_file_can_be(folder, name):
    (folder / "demands").mkdir()
    with pytest.raises(InputError, match=r"theirs\.yaml:1:11: inp_file .* is missing"):
        read(folder, config=CONFIG.replace("town.inp", name))


def test_what_means_nothing_inside_an_attack_is_said_at_its_place(folder):
    attacks = """\
network_attacks:
- name: one
  type: concealment_mitm
  target: PLC4
  tags:
  - {tag: T3, offset: 1, scaleTime: 2}
  concealment_data:
    type: value
    capture_start: 3
    concealment_value: [{tag: T3, value: 4}]
  trigger: {type: time, start: 12, end: 35, repeat: 3}
network_events:
- {name: two, type: link_down, target: PLC4, trigger: {type: time, start: 1, end: 2}}
"""
    made = read(folder, attacks, CONFIG.replace("!include plcs.yaml", "\n- {name: A, scan: 3}"))
    told = {(note.file, note.line, note.column) for note in made.notes if note.kind == "left out"}
    for word in ("scaleTime", "capture_start", "repeat", "link_down"):
        row, line = next(
            (r, text) for r, text in enumerate(attacks.splitlines(), 1) if word in text
        )
        assert ("attacks.yaml", row, line.index(word) + 1) in told
    assert ("theirs.yaml", 5, 13) in told
    assert len(made.data["attacks"]) == 2 and "faults" not in made.data
