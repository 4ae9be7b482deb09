"""Mistakes of people new to YAML: each is answered in plain words, where it is, with the mend."""

import pytest

from twin.errors import InputError
from twin.files import read_text, read_yaml

FILE = """\
name: x
duration: 2 d
attacks:
  - name: a
    on: sensor:L_T1
    do: {offset: {by: 1.0}}
"""


def answer(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        read_yaml(path)
    error = caught.value
    parser = ("<block", "expected <", "token", "scalar", "mapping values", "codec", "unacceptable")
    assert not any(word in error.message for word in parser)
    return error


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        ("    on: s", "\ton: s", (5, 1), "a tab in the indentation"),
        ("duration: 2 d", "duration:\t2 d\t", (2, 10), "a tab: YAML takes blanks here only"),
        ("duration: ", "duration ", (2, 1), "no colon behind 'duration'"),
        ("    on: ", "    on ", (5, 5), "no colon behind 'on'"),
        ("duration: ", "duration:", (2, 1), "a blank is missing after the colon: duration: 2 d"),
        ("name: a", "name:a", (4, 5), "a blank is missing after the colon: name: a"),
        ("- name: a", "-name: a", (4, 3), "a blank is missing after the -: - name: a"),
        ("duration: ", "duration = ", (2, 1), "a colon, not =, stands behind a key"),
        ("    on: ", "      on: ", (5, 7), "indented too far: line 4"),
        ("  - name: a\n", "  name: a\n", (5, 5), "indented too far: line 4"),
        (" - name: a\n    on", " - name: a\n   on", (5, 4), "begins in column 4"),
        ("    do: ", "   do: ", (6, 4), "keys of an entry begin behind it, in column 5"),
        ("    do: ", "  do: ", (6, 3), "keys of an entry begin behind it, in column 5"),
        ("do: {offset: {by: 1.0}}", "do: offset: {by: 1.0}", (6, 15),
         "a second colon in the value of 'do': write do: {offset: {by: 1.0}}"),
        ("sensor:L", "sensor: L", (5, 15), "write on: sensor:L_T1, no blank after a colon"),
        ("sensor:L_T1", "scada:", (5, 14), "write on: scada, without the last colon"),
        ("2 d", "2 d\ndescription: a: b c", (3, 15), "description: 'a: b c' if it is text"),
        ("2 d", "2 d\ndescription: 'it's'", (3, 18), "text goes on behind the closing '"),
        ("2 d", '2 d\ndescription: "C:\\Users"', (3, 19), r"use single quotes, or \\"),
        ("2 d", "2 d\nduration: 3 d", (3, 1), "'duration' stands twice, the first time in line 2"),
        ("    do", "    on: x\n    do", (6, 5), "'on' stands twice, the first time in line 5"),
        ("1.0}}", "1.0}},", (6, 28), "a comma too many"),
        ("1.0}}", "1.0}}}", (6, 28), "a } too many"),
        ("sensor:L_T1", "*->SCADA", (5, 9), "is put in quotes: '*->SCADA'"),
        ("sensor:L_T1", "@L_T1", (5, 9), "is put in quotes: '@L_T1'"),
        ("2 d", "2 d\nstart: > 3", (3, 8), "a value that begins with > or | is put in quotes"),
        ("{by: 1.0}", "{by: 1: 0}", (6, 24), "a second colon in one pair"),
        ("1.0}}\n", "1.0}}\n---\nname: y\n", (7, 1), "a second document begins here"),
        ("    on: ", "    on:\u00a0", (5, 8), "U+00A0 (no-break space): put a plain blank"),
        ("    on: ", "\u00a0   on: ", (5, 1), "U+00A0 (no-break space): put a plain blank"),
        ("    on: ", "    on:\u200b ", (5, 8), "U+200B (zero width space): take it out"),
        ("duration: ", "duration\uff1a ", (2, 9), "(fullwidth colon): write :"),
        ("name: x", "name: x\x07", (1, 8), "a control character (U+0007)"),
    ],
)  # fmt: skip
def test_a_mistake_in_yaml_is_told_with_its_place_and_mend(tmp_path, old, new, place, says):
    assert old in FILE
    error = answer(tmp_path / "x.yaml", FILE.replace(old, new, 1))
    assert (error.line, error.column) == place
    assert says in error.message


@pytest.mark.parametrize(
    ("raw", "place", "says"),
    [
        ("a: 1\nb: café".encode("latin-1"), (2, 7), "byte E9 (in Windows-1252 é). Save it as UTF"),
        ("a: é, ’".encode() + b"\x92", (1, 8), "byte 92 (in Windows-1252 ’)"),
        (FILE.encode("utf-16"), (None, None), "in UTF-16. Save it as UTF-8"),
        (FILE.encode("utf-16-le"), (None, None), "in UTF-16. Save it as UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", (None, None), "it is not a text file"),
        (b"", (1, 1), "found nothing"),
        (b"- a: 1\n", (1, 1), "found a list"),
    ],
)
def test_a_file_that_is_no_text_in_utf8_is_told(tmp_path, raw, place, says):
    error = answer(tmp_path / "x.yaml", raw)
    assert (error.line, error.column) == place
    assert says in error.message


def test_a_byte_order_mark_and_any_end_of_line_are_read(tmp_path):
    path = tmp_path / "x.yaml"
    for text in (FILE, FILE.replace("\n", "\r\n"), FILE.replace("\n", "\r")):
        path.write_bytes(text.encode("utf-8-sig"))
        assert read_text(path) == FILE
        assert read_yaml(path)["attacks"][0]["on"] == "sensor:L_T1"
