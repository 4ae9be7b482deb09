import pytest

from scenarios.importers.epanetcpa.experiment import read_cpa
from tests.scenarios.importers.cpa_files import entries, notes, read
from tests.scenarios.importers.imported import loaded, one_plant
from twin.errors import InputError

__all__ = ["one_plant"]  # a fixture for every test here


@pytest.mark.parametrize(
    ("attack", "at", "says"),
    [
        (
            "Comunication, PLC2-P_T1-PLC1, TIME==5, TIME==9, DoS",
            "Com",
            "did you mean Communication",
        ),
        ("Communication, PLC2-P_T1-PLC1, TIME==5, TIME==9", "Com", "five fields"),
        ("Communication, PLC2-P_T1, TIME==5, TIME==9, DoS", "PLC2", "sender-target-receiver"),
        ("Communication, PLC2-P_T1-PLC12, TIME==5, TIME==9, DoS", "PLC12", "no PLC 'PLC12'"),
        ("Communication, PLC2-P_T77-PLC1, TIME==5, TIME==9, DoS", "P_T77", "has no 'T77'"),
        ("Communication, PLC7-P_T1-PLC7, TIME==5, TIME==9, DoS", "PLC7,", "both PLC7"),
        ("Communication, PLC2-P_T1-PLC1, TIME=5, TIME==9, DoS", "=5", "not part of a condition"),
        ("Communication, PLC2-P_T1-PLC1, T77>5, TIME==9, DoS", "T77", "has no 'T77'"),
        ("Communication, PLC2-P_T1-PLC1, TIME==5, ATT7==1, DoS", "ATT7", "no attack 7"),
        (
            "Communication, PLC2-P_T1-PLC1, TIME==5, TIME==9, constant",
            "const",
            "1 arguments, not 0",
        ),
        (
            "Communication, PLC2-P_T1-PLC1, TIME==5, TIME==9, constant 1 2",
            "2",
            "1 arguments, not 2",
        ),
        ("Communication, PLC2-P_T1-PLC1, TIME==5, TIME==9, constant x", "x", "not a number"),
        ("Communication, PLC2-P_T1-PLC1, TIME==5, TIME==9, offset Inf", "Inf", "must be finite"),
        ("Communication, PLC2-P_T1-PLC1, TIME==5, TIME==9, freeze", "freeze", "no method 'freeze'"),
        ("Communication, PLC1-PU1-NULL, TIME==5, TIME==9, offset 1", "offset", "constant or DoS"),
        ("Control, CTRL99n, TIME==5, TIME==9, 1", "CTRL", "20 controls"),
        ("Control, CTRL1x, TIME==5, TIME==9, 1", "CTRL", "like CTRL17n"),
        ("Control, CTRL1n, TIME==5, TIME==9, constant high", "high", "'high' is not a number"),
        ("Control, CTRL1n, TIME==5, TIME==9, 4 7", "7", "takes one number"),
        ("Actuator, PU1, TIME==5, TIME==9, ajar", "ajar", "'ajar' is not a number"),
        ("Actuator\tPU77\tTIME==5\tTIME==9\t1", "PU77", "has no 'PU77'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_column(tmp_path, attack, at, says):
    with pytest.raises(InputError) as caught:
        read(tmp_path, attack)
    column = attack.rindex(at) + 1
    assert str(caught.value).startswith(f"{tmp_path / 'theirs.cpa'}:17:{column}: ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("PLC1, T1\n", "1:1", "begins with a section"),
        ("  [CYBERNOTES]\n", "1:3", "did you mean CYBERNODES"),
        ("[CYBERNODES]\n; x\nPLC1, P_T9,\n", "3:7", "--plant"),
        ("[CYBERNODES]\n; x\nPLC1, P_T1, PU1, PU2\n", "3:18", "three fields"),
        ("[CYBERNODES]\n; x\nPLC1, P_T1,\n PLC1, P_T2,\n", "4:2", "two nodes"),
        ("[CYBERLINKS]\n; x\nPLC1\n", "3:1", "a source, a destination"),
        ("[CYBEROPTIONS]\nverbosity, 1\ninitial_condition, 1\n", "3:1", "did you mean initial"),
        ("[CYBEROPTIONS]\ninitial_conditions, 1 2\n", "2:21", "7 tanks"),
        ("[CYBEROPTIONS]\npda_options, 0.5 0\n", "2:14", "four fields"),
        ("[CYBEROPTIONS]\npda_options, 0.5 low 20 Wagner\n", "2:18", "'low' is not a number"),
        ("", None, "none of a .cpa file's sections"),
    ],
)
def test_what_is_no_cpa_file_is_said(tmp_path, text, place, says):
    path = tmp_path / "theirs.cpa"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_cpa(path, "ctown")
    assert str(caught.value).startswith(f"{path}:{place}: " if place else f"{path}: ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("line", "do"),
    [
        (
            "CTRL17n, TIME==30, TIME==35, constant 3",
            {"setpoint": {"actuators": ["PU10"], "opens_below": 3.0, "closes_above": 4.8}},
        ),
        (
            "CTRL17n, TIME==30, TIME==35, constant, 3",
            {"setpoint": {"actuators": ["PU10"], "opens_below": 3.0, "closes_above": 4.8}},
        ),
        (
            "CTRL17n, TIME==30, TIME==35, T7 BELOW 3.2",
            {"setpoint": {"actuators": ["PU10"], "opens_below": 3.2, "closes_above": 4.8}},
        ),
        (
            "CTRL18n, TIME==30, TIME==35, offset -0.8",
            {"setpoint": {"actuators": ["PU10"], "opens_below": 2.5, "closes_above": 4.0}},
        ),
        (
            "ctrl17L, TIME==30, TIME==35, PU10 CLOSED",
            {
                "rewrite": {
                    "rules": [
                        {"when": "L_T7 < 2.5", "PU10": "closed"},
                        {"when": "L_T7 > 4.8", "PU10": "closed"},
                    ]
                }
            },
        ),
        (
            "CTRL6, TIME==30, TIME==35, 0.4",
            {
                "rewrite": {
                    "rules": [
                        {"when": "L_T2 < 0.5", "V2": "open"},
                        {"when": "L_T2 > 5.5", "V2": "open"},
                    ]
                }
            },
        ),
    ],
)
def test_a_controls_argument_in_every_layout(tmp_path, line, do):
    made = read(tmp_path, f"Control, {line}")
    assert made.data["attacks"][0]["do"] == do
    said = line.split(", ", 3)[3].replace(",", "")
    bare = said.replace(".", "").isdigit()
    assert any("takes one number there" in text for text in notes(made, "read as")) != bare
    loaded(made, tmp_path)


def test_threshold_and_setting_changed_together_are_one_program(tmp_path):
    lines = (
        "Control, CTRL17n, TIME==30, TIME==35, 3\n"
        "Control, CTRL18l, TIME==30, TIME==35, 0.8\n"
        "Control, CTRL18n, TIME==34, TIME==40, 4"
    )
    made = read(tmp_path, lines)
    first, second = made.data["attacks"]
    rules = [{"when": "L_T7 < 3", "PU10": "open"}, {"when": "L_T7 > 4.8", "PU10": 0.8}]
    assert first["do"] == {"rewrite": {"rules": rules}}
    assert second["do"]["setpoint"]["closes_above"] == 4.0
    assert any("while both last" in text for text in notes(made, "differs"))
    loaded(made, tmp_path)


def test_notes_stand_where_what_they_are_on_does(tmp_path):
    attack = "Communication, PLC2-P_T1-PLC1, J10<20, TIME==9, DoS"
    made = read(tmp_path, attack)
    assert f"theirs.cpa:17:{attack.index('J10') + 1}: left out: " in made.to_yaml()
    attack = "Control, CTRL17n, TIME==5, CLOCKTIME==9, constant 3"
    told = {(note.column, note.kind) for note in read(tmp_path, attack).notes if note.line == 17}
    assert told == {
        (attack.index(word) + 1, kind)
        for word, kind in (
            ("CTRL", "read as"),
            ("CLOCKTIME", "differs"),
            ("constant", "read as"),
        )
    }


@pytest.mark.parametrize(
    "line",
    [
        "Communication, PLC2-P_T1-PLC1, TIME==10, TIME==20, constant, 5",
        "Communication,PLC2-P_T1-PLC1,TIME==10,TIME==20,constant 5",
        "  Communication , PLC2 - P_T1 - PLC1 , TIME == 10, TIME == 20 ,\tconstant   5 ; a comment",
        'Communication, PLC2-P_T1-PLC1, "TIME==10", "TIME==20", constant 10/2',
        "Communication\tPLC2-P_T1-PLC1\tTIME == 10\tTIME == 20\tconstant, 5",
        "Communication\t\tPLC2-T1-PLC1\t TIME==10\t\tTIME==20\tconstant,5",
        "Communication  PLC2-P_T1-PLC1  TIME == 10  TIME == 20  constant 5",
        "AttackOnCommunication PLC2-P_T1-PLC1 TIME==10 TIME==20 constant 5",
    ],
)
def test_every_way_to_part_the_fields(tmp_path, line):
    made = read(tmp_path, line)
    span = {"from": "10 h", "to": "20 h"}
    assert entries(made) == [("link:PLC2->PLC1", ["L_T1"], {"constant": {"value": 5.0}}, span)]


def test_files_of_other_hands(tmp_path):
    """Nodes alone, a link that carries nothing, DHALSIM's sensor names, rows of commas only."""
    nodes = (
        "  \n[CYBERNODES]\n; Name, Sensors, Actuators\n PLC1, PU1F PU2F J280 , PU1 PU2\n"
        " PLC2, T1,\n PLC4, T3, ,\n SCADA, T1 PU1F, PU1\n,,,\n"
    )
    path = tmp_path / "nodes.cpa"
    path.write_text(nodes)
    assert "attacks" not in read_cpa(path, "ctown").data
    links = "[CYBERLINKS] ; who sends what\n; x\nPLC5, SCADA,\nPLC2, PLC1, T1\n\n"
    made = read(tmp_path, "Sensor, PU1F, TIME>3, TIME>4, constant 1", nodes=nodes + links)
    # A strict comparison holds from the step after on.
    assert entries(made) == [
        ("sensor:F_PU1", [], {"constant": {"value": 1.0}}, {"from": "185 min", "to": "245 min"})
    ]


def test_tabs_that_became_blanks(tmp_path):
    nodes = (
        "[CYBERNODES]\n; Name Sensors Actuators\n PLC1         PU1, PU2, PU3\n PLC2   T1\n"
        " PLC3   T2   PU4, PU5, V2\n\n"
    )
    attack = "Communication   PLC3-T2-SCADA   (TIME > 50) && (PU2>0)   TIME==-1   replay,5,0,9,0"
    made = read(tmp_path, attack, nodes=nodes)
    assert not notes(made, "moved")
    on, tags, _, when = entries(made)[0]
    assert (on, tags, when) == ("link:PLC3->SCADA", ["L_T2"], {"start": "t > 50 and F_PU2 > 0"})


def test_a_replay_without_limits(tmp_path):
    line = "Communication, PLC2-P_T1-SCADA, TIME==58, TIME==-1, replay 24 0 Inf -inf"
    made = read(tmp_path, line)
    assert made.data["attacks"][0]["do"] == {"replay": {"window": "1 d"}}
    loaded(made, tmp_path)


def test_a_table_says_the_cell_that_is_wrong(tmp_path):
    (tmp_path / "lies.csv").write_text("10,3.5,\n11, high,\n")
    line = "Communication, PLC2-P_T1-SCADA, TIME==10, TIME==20, custom lies.csv"
    with pytest.raises(InputError) as caught:
        read(tmp_path, line)
    assert str(caught.value).startswith(f"{tmp_path / 'lies.csv'}:2:5: ")
    (tmp_path / "lies.csv").write_text("10,3.5,\n11,4,\n")
    assert "att1" in read(tmp_path, line).tables
