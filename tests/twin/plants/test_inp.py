"""EPANET files that cannot be read, as people have them, and any encoding."""

import pytest

from tests.twin.drafting.test_controls import SMALL
from twin.drafting.draft import draft
from twin.errors import InputError
from twin.plants import inp
from twin.plants.spec import PLANTS, load_plant

TEXT = SMALL.format(controls="", rules="")
MISTAKES = [
    ("P1 J1 T", "P1 J9 T", "undefined node J9", "define it in [JUNCTIONS]"),
    ("PU R J1", "PU R J9", "undefined node J9", "define it in [JUNCTIONS]"),
    ("HEAD C\n", "HEAD CX\n", "undefined curve CX", "define it in [CURVES]"),
    ("J1 100 10", "J1 100 10 PX", "undefined time pattern PX", "define it in [PATTERNS]"),
    ("J1 100 10", "J1 100,5 10", "numeric value 100,5", "with a point"),
    (" P2 J2", " P1 J2", "duplicate ID label P1", "another name"),
    ("Units GPM", "Units GALLONS", "invalid option value GALLONS", "EPANET's manual"),
    ("Duration 48:00", "Duration two", "in [TIMES]", "EPANET's manual"),
    (" T 200", ' "T 1" 200', "a name in quotes", "no blanks and no quotes"),
    ("J1 T 1000 12 100 0 Open", "J1 T", "WNTR cannot read it", "a value is missing"),
    (" J1 1 0", " J9 1 0", "WNTR cannot read it", "unknown name 'J9'"),
    (" J1 1 0", " J1 x 0", "WNTR cannot read it", "'x' is not a number"),
    (" T 200 10 0", " T 200 30 0", "WNTR cannot read it", "must be less than"),
    ("[PIPES]", "[PIPEZ]", "WNTR cannot read it", "syntax error: [PIPEZ]"),
]


@pytest.mark.parametrize(("old", "new", "what", "mend"), MISTAKES)
def test_a_mistake_is_said_with_its_line_what_it_is_and_how_to_mend_it(
    tmp_path, old, new, what, mend
):
    path = tmp_path / "bad.inp"
    path.write_text(TEXT.replace(old, new, 1))
    line = TEXT[: TEXT.index(old)].count("\n") + 1
    with pytest.raises(InputError) as caught:
        draft(path, tmp_path / "plant")
    said = str(caught.value)
    assert said.startswith(f"{path}:{line}: ")
    assert what in said
    assert mend in said
    assert "%s" not in said
    assert "hydrotwin-" not in said  # a folder of this machine


def test_the_same_is_said_of_a_plants_own_network(tmp_path):
    made = draft(PLANTS / "ctown" / "network.inp", tmp_path / "town").spec
    path = made.folder / "network.inp"
    path.write_text(path.read_text().replace("[PIPES]", "[PIPEZ]"))
    with pytest.raises(InputError, match=r"network\.inp:\d+: WNTR cannot read it: syntax error"):
        load_plant(made.folder)


def test_a_file_cut_short_is_suspected(tmp_path):
    path = tmp_path / "cut.inp"
    path.write_text(TEXT[: TEXT.index("[CURVES]")])
    with pytest.raises(InputError, match="no \\[END\\]: it may have been cut short"):
        draft(path, tmp_path / "plant")


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"<html></html>", b"PK\x03\x04\xff\x00", bytes(99)])
def test_what_is_no_epanet_file_is_said_to_be_none(tmp_path, raw):
    path = tmp_path / "bad.inp"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=r"not an EPANET input file.*File > Export > Network"):
        inp.read_text(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_any_encoding_and_any_line_ends_will_do(tmp_path, encoding, ends):
    text = TEXT.replace("J1", "Jä")
    path = tmp_path / "town.inp"
    path.write_bytes(text.replace("\n", ends).encode(encoding))
    assert inp.read_text(path) == text
    made = draft(path, tmp_path / "plant")
    assert made.spec.model.junction_name_list == ["Jä", "J2"]
