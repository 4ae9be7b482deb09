import pytest

from tests.scenarios.importers.cpa_files import OPTIONS, entries, notes, read
from tests.scenarios.importers.imported import commented, loaded, one_plant
from twin.errors import InputError

__all__ = ["one_plant"]  # a fixture for every test here


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "Communication, NULL-P_T2-PLC3, TIME==10, TIME==20, constant 5.6",
            (
                "link:T2->PLC3",
                ["L_T2"],
                {"constant": {"value": 5.6}},
                {"from": "10 h", "to": "20 h"},
            ),
        ),
        (
            "Communication, PHY-P_T2-PLC3, TIME==0, TIME==-1, offset -0.5",
            ("link:T2->PLC3", ["L_T2"], {"offset": {"by": -0.5}}, None),
        ),
        (
            "Communication, PLC2-P_T1-PLC1, (TIME>50)&&(PU2>0), TIME==-1, DoS",
            ("link:PLC2->PLC1", ["L_T1"], {"drop": {}}, {"start": "t > 50 and F_PU2 > 0"}),
        ),
        (
            "Communication, PLC2-P_T1-SCADA, TIME==58, TIME==-1, replay 50 0.05 7 0",
            (
                "link:PLC2->SCADA",
                ["L_T1"],
                {"replay": {"window": "50 h", "noise": 0.05, "low": 0.0, "high": 7.0}},
                {"from": "58 h"},
            ),
        ),
        (
            "Communication, PLC3-F_V2-SCADA, T2<1, TIME==30, constant 0",
            (
                "link:PLC3->SCADA",
                ["F_V2"],
                {"constant": {"value": 0.0}},
                {"start": "L_T2 < 1", "end": "t == 30", "once": False},
            ),
        ),
        (
            "Communication, PLC3-V2-NULL, TIME==10, T2>3, constant 0",
            ("actuator:V2", [], {"force": {"to": "closed"}}, {"from": "10 h", "end": "L_T2 > 3"}),
        ),
        (
            "Communication, PLC1-PU1-NULL, TIME==10, TIME==12, DoS",
            ("actuator:PU1", [], {"block": {}}, {"from": "10 h", "to": "12 h"}),
        ),
        (
            "Sensor, P_J280, CLOCKTIME>=6, CLOCKTIME<6, DoS",
            (
                "sensor:P_J280",
                [],
                {"freeze": {}},
                {"start": "hour >= 6", "end": "hour < 6", "once": False},
            ),
        ),
        (
            "Actuator, PU3, T1>=MAXLEVELT1, TIME==-1, 0.8",
            (
                "actuator:PU3",
                [],
                {"force": {"to": 0.8}},
                {"start": "L_T1 >= max_level(T1) - 0.001"},
            ),
        ),
        (
            "Control, CTRL18n, TIME==30, TIME==35, 3.1",
            (
                "plc:PLC5",
                [],
                {"setpoint": {"actuators": ["PU10"], "opens_below": 2.5, "closes_above": 3.1}},
                {"from": "30 h", "to": "35 h"},
            ),
        ),
    ],
)
def test_each_target_method_and_condition(tmp_path, line, expected):
    assert entries(read(tmp_path, line)) == [expected]


def test_what_starts_again_is_noted_entry_by_entry(tmp_path):
    lines = (
        "Sensor, P_T1, TIME==5, TIME==9, DoS\n"
        "Sensor, P_T2, T2<1, T2>2, DoS\n"
        "Sensor, P_J511, T2<1, T2>2, DoS\n"
        "Sensor, P_T3, CLOCKTIME>=6, CLOCKTIME<6, DoS"
    )
    made = read(tmp_path, lines)
    again = [(e["name"], "once" in e.get("when", {})) for e in made.data["attacks"]]
    assert again == [("att1", False), ("att2", True), ("att4", True)]
    noted = [text for text in notes(made, "read as") if "starts again" in text]
    assert [text.split()[0] for text in noted] == ["att2", "att4"]
    said = "att2 starts again whenever T2<1 holds after its end, and T2>2 does not (once: false)"
    assert noted[0] == said


@pytest.mark.parametrize(
    ("start", "end", "when"),
    [
        (
            "(TIME>50)&&(PU2>0)",
            "(TIME>70)",
            {"start": "t > 50 and F_PU2 > 0", "end": "t > 70"},
        ),
        ("TIME>=10", "TIME>5", {"start": "t >= 10", "end": "t > 5"}),
        ("T2<1", "TIME>=0", {"start": "L_T2 < 1", "end": "t >= 0"}),
        ("T2<1", "TIME<20", {"start": "L_T2 < 1", "end": "t < 20"}),
    ],
)
def test_what_cannot_start_again_is_not_said_to(tmp_path, start, end, when):
    made = read(tmp_path, f"Communication, PLC2-P_T1-PLC1, {start}, {end}, DoS")
    assert made.data["attacks"][0]["when"] == when
    assert not any("starts again" in text for text in notes(made, "read as"))
    assert any("nothing starts while its end holds" in text for text in notes(made, "differs"))
    loaded(made, tmp_path)


def test_the_halves_of_a_pair_of_thresholds_are_one_change(tmp_path):
    lines = [f"Control, CTRL{n}n, TIME==30, TIME==35, {v}" for n, v in ((17, 3), (18, 3.1), (5, 1))]
    made = read(tmp_path, "\n".join(lines))
    assert [e["do"]["setpoint"] for e in made.data["attacks"]] == [
        {"actuators": ["PU10"], "opens_below": 3.0, "closes_above": 3.1},
        {"actuators": ["V2"], "opens_below": 1.0, "closes_above": 5.5},
    ]
    assert any("CTRL18n" in text and "att1" in text for text in notes(made, "read as"))


def test_what_is_no_pair_of_thresholds_is_a_rewritten_program(tmp_path):
    lines = (
        "Control, CTRL17n, TIME==30, TIME==35, 5\nControl, CTRL18n, TIME==30, TIME==35, 4\n"
        "Control, CTRL15l, TIME==30, TIME==35, 0"
    )
    made = read(tmp_path, lines)
    assert [(e["on"], e["do"]["rewrite"]["rules"]) for e in made.data["attacks"]] == [
        (
            "plc:PLC5",
            [{"when": "L_T7 < 5", "PU10": "open"}, {"when": "L_T7 > 4", "PU10": "closed"}],
        ),
        (
            "plc:PLC5",
            [{"when": "L_T5 < 1.5", "PU8": "closed"}, {"when": "L_T5 > 4.0", "PU8": "closed"}],
        ),
    ]
    loaded(made, tmp_path)


def test_attacks_start_each_other(tmp_path):
    lines = (
        "Communication, PLC2-P_T1-PLC1, TIME==5, TIME==9, DoS\n"
        "Actuator, PU3, ATT1==1, ATT1==0, 1\n"
        "Actuator, PU9, ATT4==1, TIME==-1, 1\n"
        "Sensor, P_J511, TIME==5, TIME==9, DoS"
    )
    made = read(tmp_path, lines)
    whens = [when for _, _, _, when in entries(made)]
    assert whens[1] == {"start": "att1.active", "end": "not att1.active", "once": False}
    # J511 is in the network, but nothing there measures it; what waits for it never comes either.
    loaded(made, tmp_path)
    assert len(whens) == 2 and any("J511" in text for text in notes(made, "left out"))


def test_an_attack_that_asks_for_itself_is_off_when_it_starts_and_on_when_it_ends(tmp_path):
    line = "Sensor, P_T1, (TIME>=5)&&(ATT1==0), ATT1 && T1<2, offset 1"
    made = read(tmp_path, line)
    assert made.data["attacks"][0]["when"] == {
        "start": "t >= 5",
        "end": "L_T1 < 2",
        "once": False,
    }
    loaded(made, tmp_path)


def test_what_waits_for_a_threshold_or_for_nothing(tmp_path):
    lines = (
        "Control, CTRL17n, TIME==30, TIME==35, 3\nControl, CTRL18n, TIME==30, TIME==35, 3.1\n"
        "Actuator, PU3, ATT2==1, TIME==-1, 1\n"
        "Communication, PLC2-P_T1-PLC3, TIME==5, TIME==9, DoS\n"
        "Actuator, PU9, ATT4==1, TIME==-1, 1"
    )
    made = read(tmp_path, lines)
    # The second half of the pair is the first's entry; nobody sends PLC3 T1, so nothing waits.
    assert [when for *_, when in entries(made)] == [
        {"from": "30 h", "to": "35 h"},
        {"start": "att1.active"},
    ]
    assert any("asks for att4, which is left out" in text for text in notes(made, "left out"))


def test_the_older_spelling_says_the_same(tmp_path):
    nodes = (
        "[CYBERNODES]\n; Name Sensors Actuators\n PLC1\t\tPU1, PU2, PU3\n PLC2\tT1\n"
        " PLC3\tT2\tPU4, PU5, PU6, PU7, V2\n; SCADA\n\n"
    )
    older = (
        "Communication\tPLC2-T1-PLC1\t(TIME>50)&&(PU2>0)\tTIME==-1\tDoS\n"
        "; a comment\n"
        "Communication\tPLC2-T1-SCADA\tTIME==58\tTIME==-1\treplay,50,0.05,7,0\n"
        "Communication\tNULL-T2-PLC3\tTIME==10\tTIME==20\tconstant,5.6"
    )
    newer = (
        "Communication, PLC2-P_T1-PLC1, (TIME>50)&&(PU2>0), TIME==-1, DoS\n"
        "Communication, PLC2-P_T1-SCADA,\tTIME==58, TIME==-1, replay 50 0.05 7 0\n"
        "Communication, NULL-P_T2-PLC3, TIME==10, TIME==20, constant 5.6"
    )
    options = "initial_conditions\t4,3.75,3.25,3.75,3.5,3.5,3\npda_options\t0.5\t0\t20\tWagner\n"
    first = read(tmp_path, older, options, nodes)
    second = read(tmp_path, newer, OPTIONS + "pda_options, 0.5 0 20 Wagner\n")
    assert first.data == second.data
    assert first.data["demand_model"] == "pressure-driven"
    assert first.data["required_pressure"] == 20.0
    assert first.data["initial_levels"] == dict(
        zip(
            ["T1", "T2", "T3", "T4", "T5", "T6", "T7"],
            [4, 3.75, 3.25, 3.75, 3.5, 3.5, 3],
            strict=True,
        )
    )


def test_every_line_says_where_it_came_from_and_the_file_runs(tmp_path):
    lines = (
        "Communication, NULL-P_T2-PLC3, TIME==10, TIME==20, constant 5.6\n"
        "Communication, PLC2-P_T1-PLC1, (TIME>50)&&(PU2>0), TIME==-1, DoS"
    )
    made = read(tmp_path, lines)
    assert commented(made.to_yaml()) == []
    scenario = loaded(made, tmp_path)
    assert [entry.name for entry in scenario.attacks] == ["att1", "att2"]
    assert (scenario.warmup, scenario.demands) == (0, "patterns")
    assert scenario.initial_levels["T3"] == 3.25


def test_where_epanetcpa_does_not_do_what_it_says_is_told(tmp_path):
    lines = (
        "Communication, PLC2-P_T1-PLC1, TIME==5, TIME==9, DoS\n"
        "Communication, PLC2-P_T1-SCADA, TIME==8, TIME==9, replay 10 0 7 0\n"
        "Actuator, PU3, TIME>3, TIME==4, 1\n"
        "Communication, PLC4-P_T3-SCADA, TIME==5.01, TIME==-1, offset 1"
    )
    made = read(tmp_path, lines, OPTIONS + "what_to_store, T1 PU1, PRESSURE, FLOW\n")
    told = " / ".join(f"{note.line}: {note}" for note in made.notes if note.kind == "differs")
    for words in (
        "freezes the true value",
        "copies the true values",
        "before the run began",
        "leaves PU3 closed when the attack ends",
        "starts the attack again a step later",
        "5.01 holds only where a hydraulic step ends",
        "T3 is not in what_to_store",
        "one hydraulic step later",
    ):
        assert words in told


def test_another_cyber_layout_is_mapped_by_tag(tmp_path):
    nodes = (
        "[CYBERNODES]\n; Name, Sensors, Actuators\nPLC1, P_T3, PU1 PU2\nPLC7, P_T1,\n"
        "PLC8, P_T4, PU4 PU5\n\n"
    )
    lines = (
        "Communication, PLC7-P_T1-PLC1, TIME==5, TIME==9, DoS\n"
        "Communication, PLC1-P_T3-PLC8, TIME==5, TIME==9, DoS\n"
        "Communication, NULL-P_T4-PLC8, TIME==5, TIME==9, DoS\n"
        "Communication, PLC7-P_T1-PLC8, TIME==5, TIME==9, DoS"
    )
    made = read(tmp_path, lines, nodes=nodes)
    assert [on for on, *_ in entries(made)] == [
        "link:PLC2->PLC1",
        "link:PLC4->PLC3",
        "link:T4->PLC6",
    ]
    assert any("PLC1 reads L_T3" in text for text in notes(made, "moved"))
    assert any("no PLC sends P_T1 to PLC3" in text for text in notes(made, "left out"))


def test_a_patterns_file_becomes_demands_and_the_length(tmp_path):
    rows = [[0.1 * hour + 0.01 * dma for dma in range(5)] for hour in range(30)]
    (tmp_path / "mine.csv").write_text("\n".join(",".join(map(str, row)) for row in rows))
    made = read(tmp_path, "", OPTIONS + "patterns_file, ./mine.csv\n")
    assert made.data["duration"] == "30 h"
    lines = made.tables["demands"].splitlines()
    assert lines[0] == "DMA1,DMA2,DMA3,DMA4,DMA5"
    assert [float(cell) for cell in lines[8].split(",")] == pytest.approx(rows[7])
    scenario = loaded(made, tmp_path)
    assert scenario.demands == "demands.csv"


def test_a_companion_that_is_missing_stops_it_or_is_replaced(tmp_path):
    options = OPTIONS + "patterns_file, ./mine.csv\n"
    line = "Communication, PLC2-P_T1-SCADA, TIME==5, TIME==-1, custom lies.csv"
    with pytest.raises(
        InputError, match=r"theirs\.cpa:22:16: patterns_file \./mine\.csv is missing"
    ):
        read(tmp_path, line, options)
    with pytest.raises(InputError, match=r"readings file lies\.csv is missing"):
        read(tmp_path, line)
    made = read(tmp_path, line, options, companions=False)
    assert made.data["demands"] == "patterns" and made.data["duration"] == "7 d"
    assert len(notes(made, "replaced")) == 2
    assert any("lies.csv is missing" in text for text in notes(made, "left out"))


def test_custom_readings_are_a_table(tmp_path):
    (tmp_path / "lies.csv").write_text("1,2.5\n2,3.5\n4,4.5\n")
    made = read(tmp_path, "Communication, PLC2-P_T1-SCADA, TIME==1, TIME==-1, custom lies.csv")
    # epanetCPA shows the first row that is not past: 2.5 until h 1, then 3.5 until h 2, …
    rows = [tuple(map(float, row.split(","))) for row in made.tables["att1"].splitlines()[1:]]
    # The table counts from the attack's start.
    assert rows == [(0, 3.5), (1, 4.5)]
    assert made.data["attacks"][0]["do"]["table"]["staircase"]
    loaded(made, tmp_path)
    line = "Communication, PLC2-P_T1-SCADA, T1<1, TIME==-1, custom lies.csv"
    assert "attacks" not in read(tmp_path, line).data
