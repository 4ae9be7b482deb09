"""Mistakes of people new to scenario files: each is told with its place, and how to mend it."""

import pytest

from scenarios.definition.check import check
from twin.errors import InputError

FILE = """\
name: x
start: 2026-01-05
duration: 2 d
attacks:
  - name: a
    on: sensor:L_T1
    do: {offset: {by: 1.0}}
    when: {from: 30 h, for: 6 h}
detector: cnn-lstm
"""
ON, DO, WHEN = "sensor:L_T1", "{offset: {by: 1.0}}", "{from: 30 h, for: 6 h}"


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        (ON, "[sensor:L_T1, sensor:L_T2]", (6, 5), "on is text (one port, like sensor:L_T1; each"),
        (ON, "{sensor: L_T1}", (6, 5), "not {sensor: L_T1}"),
        (ON, "plc1", (6, 5), "did you mean plc:PLC1?"),
        (ON, "PLC-1", (6, 5), "did you mean plc:PLC1?"),
        (ON, "pu1", (6, 5), "did you mean actuator:PU1?"),
        (ON, "T1", (6, 5), "did you mean link:T1->PLC2 or sensor:L_T1?"),
        (ON, "l_t1", (6, 5), "did you mean sensor:L_T1?"),
        (ON, "sensor:L_T1\u00a0", (6, 5), "holds U+00A0 (no-break space): put a plain blank"),
        (ON, "sensor:L_Т1", (6, 5), "(cyrillic capital letter te): write T"),
        (ON, "“sensor:L_T1”", (6, 5), "U+201C (left double quotation mark): write \""),
        ("1.0", "−1.0", (7, 19), "U+2212 (minus sign): write -"),
        ("1.0", "true", (7, 19), "by is a number, not true"),
        ("1.0", "", (7, 19), "by is a number, not nothing"),
        ("1.0", "1,0", (7, 25), "a number has a point, like 0.5"),
        ("by: 1.0", "by = 1.0", (7, 19), "a key has a colon and a blank behind it, by: 1.0"),
        (DO, "{offset: 1.0}", (7, 10), "not 1.0: write offset: {by: 1.0}"),
        (DO, "{kind: offset, by: 1.0}", (7, 5), "in braces behind the kind: {offset: {by: 1.0}}"),
        (DO, "{offset: null, by: 1.0}", (7, 5), "in braces behind the kind: {offset: {by: 1.0}}"),
        (DO, "{offset: {by: 1.0}, drop: {}}", (7, 5), "each further one takes an entry"),
        (DO, "{offset: {by: 1.0, from: 30 h}}", (7, 28), "from belongs to `when`, beside `do`"),
        ("for: 6 h", "for:6 h", (8, 24), "a key has a colon and a blank behind it, for: 6 h"),
        ("for: 6 h", "until: 36 h", (8, 24), "unknown field 'until': did you mean to?"),
        ("6 h", "5 minutes", (8, 24), "write 5 min"),
        ("6 h", "6 Hours", (8, 24), "write 6 h"),
        ("6 h", "1 h 30 min", (8, 24), "here 90 min"),
        ("6 h", "'0,5 h'", (8, 24), "here 0.5 h"),
        ("6 h", "6", (8, 24), "like 6 h or 6 min"),
        ("30 h", "06:30", (8, 12), "like 390 min: it is no time of day"),
        ("30 h", "2026-01-06 06:00", (8, 12), "it counts from the start of the run"),
        ("2 d", "2 d,", (3, 1), "here 2 d"),
        ("2 d", "", (3, 1), "one duration is expected, like 36 h or 15 min, not nothing"),
        ("2 d", "1e300 d", (3, 1), "not 1e+300 d"),
        (WHEN, "{random: {gap: exponential 36 h, for: 4 h}}", (8, 21),
         "drawn at random it is {exponential: 36 h}"),
        (WHEN, "{random: {gap: 4 h to 8 h, for: 4 h}}", (8, 21), "{uniform: [4 h, 8 h]}"),
        (WHEN, "{random: {gap: [exponential, 9 h], for: 4 h}}", (8, 21), "{exponential: 9 h}"),
        (WHEN, "{start: [L_T1 > 3]}", (8, 12), "start is text (a condition, like L_T1 > 4)"),
        (WHEN, '{start: "L_T1 ≥ 3"}', (8, 12), "for ≥ write >="),
        (WHEN, '{start: "L_T1 > 3,5"}', (8, 12), "a number has a point, not a comma"),
        (WHEN, '{start: "L_T1 above 3"}', (8, 12), "for above write >"),
        (WHEN, "{start: “L_T1 > 3”}", (8, 12), "take the quotes out"),
        ("    when: {", "when: {", (8, 1), "it belongs to an entry: indent it"),
        ("    when: {from: 30 h, for: 6 h}", "    from: 30 h", (8, 5), "like when: {from: …}"),
        ("2026-01-05", "05.01.2026", (2, 1), "write 2026-01-05 00:00"),
        ("2026-01-05", "2026-1-5 8:00", (2, 1), "write 2026-01-05 08:00"),
        ("2026-01-05", "20260105", (2, 1), "start is a date like 2026-01-05"),
        ("name: x", "name: 5", (1, 1), "put it in quotes, '5'"),
        ("duration", "seed: 1.5\nduration", (3, 1), "seed is a whole number, not 1.5"),
        ("duration", "overflow: no\nduration", (3, 1), "overflow is spill or close, not 'no'"),
        ("detector: cnn-lstm", "detector: false", (9, 1), "write `detector: null`"),
        ("detector: cnn-lstm", "detector: [cnn-lstm]", (9, 1), "(one kind or checkpoint)"),
        ("attacks:\n  - name", "faults: {a: 1}\nattacks:\n  - name", (4, 1), "begins with `- `"),
        ("    do", "    tags: L_T1, L_T2\n    do", (7, 5), "in brackets (like [L_T1, L_T2])"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_scenario_is_told_with_its_place_and_mend(tmp_path, old, new, place, says):
    text = FILE.replace(old, new, 1)
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        check(str(path))
    assert (caught.value.line, caught.value.column) == place
    assert says in caught.value.message


def test_all_mistakes_of_a_file_are_told_each_with_its_place(tmp_path):
    path = tmp_path / "many.yaml"
    text = FILE.replace("duration:", "duraton:").replace("do:", "doo:").replace("from:", "frm:")
    path.write_text(text.replace("6 h}", "six}") + "seed: none\n")
    with pytest.raises(InputError) as caught:
        check(str(path))
    told = [line.removeprefix("also ") for line in str(caught.value).splitlines()]
    places = [":".join(line.split(":")[1:3]) for line in told]
    assert places == ["3:1", "7:5", "8:12", "8:23", "10:1"]
    assert all(line.startswith(str(path)) for line in told)
    assert "did you mean duration?" in told[0]


def test_mistakes_in_several_entries_are_told_together(tmp_path):
    path = tmp_path / "many.yaml"
    path.write_text(
        "name: x\nattacks:\n  - {on: scada, do: {suppress-alarms: {tags: [L_T1]}}}\n"
        "  - {on: sensor:L_T1, do: {zeroo: {}}}\n"
    )
    with pytest.raises(InputError) as caught:
        check(str(path))
    first, second = str(caught.value).splitlines()
    mend = "tags belongs to the entry, beside `do`, not under suppress-alarms: tags: [L_T1]"
    assert first.endswith(mend)
    assert second.startswith(f"also {path}:4:")


def test_a_typed_typographic_sign_in_a_description_is_no_mistake(tmp_path):
    path = tmp_path / "mine.yaml"
    text = FILE.replace("duration", "description: “a – b”, it’s\u00a0fine\nduration", 1)
    path.write_text(text, encoding="utf-8")
    assert check(str(path))[1] == []


def test_all_that_is_wrong_in_an_operators_answers_is_told_at_once(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: x\nduration: 2 d\noperator:\n"
        "  - {when: detektor.alarm, write: {PU1: closed}}\n"
        "  - {when: alarm(L_T1.HHH), write: {PU1: closed}}\n"
        "  - {when: detector.alarm, write: {PU99: closed}}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        check(str(path))
    told = str(caught.value)
    for words in (
        "unknown name 'detektor.alarm': did you mean detector.alarm?",
        "unknown name 'alarm(L_T1.HHH)': did you mean alarm(L_T1.HH)?",
        "no PLC takes 'PU99'",
    ):
        assert words in told
