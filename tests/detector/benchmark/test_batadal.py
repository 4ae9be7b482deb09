"""Reading the public files, however they are written, and the facts about their attacks."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from detector import DataError
from detector.benchmark import batadal
from detector.benchmark.batadal import ATTACKS, TAGS

Write = Callable[..., Path]


def lines_of(start: str, hours: int, flag: str | None = "0") -> list[list[str]]:
    """Return a header and rows as the files hold them."""
    first = datetime.strptime(start, "%d/%m/%y %H")
    flags = [] if flag is None else [flag]
    heads = ["DATETIME", *TAGS, *(["ATT_FLAG"] if flags else [])]
    rows = [
        [f"{first + timedelta(hours=t):%d/%m/%y %H}", *(f"{k + t}.25" for k in range(43)), *flags]
        for t in range(hours)
    ]
    return [heads, *rows]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(
        lines: list[list[str]], name: str = "some.csv", comma: str = ",", end: str = "\n"
    ) -> Path:
        path = tmp_path / name
        path.write_text("".join(comma.join(line) + end for line in lines), newline="")
        return path

    return put


def test_there_are_43_tags_in_the_files_order() -> None:
    assert len(TAGS) == 43
    assert TAGS[:9] == (*(f"L_T{k}" for k in range(1, 8)), "F_PU1", "S_PU1")
    assert TAGS[27:33] == ("F_PU11", "S_PU11", "F_V2", "S_V2", "P_J280", "P_J269")
    assert TAGS[-1] == "P_J422"


def test_the_attacks_last_as_long_as_published() -> None:
    hours = [attack.hours for attack in ATTACKS]
    assert hours == [50, 24, 60, 94, 60, 94, 110, 70, 65, 31, 31, 100, 80, 30]
    assert sum(hours[:7]) == 492
    assert [attack.number for attack in ATTACKS] == list(range(1, 15))
    assert all(a.end < b.start for a, b in pairwise(ATTACKS))


def test_reads_a_plain_file(write: Write) -> None:
    found = batadal.read(write(lines_of("13/09/16 20", 30)))
    assert tuple(found.table.columns) == TAGS
    assert found.table.shape == (30, 43)
    assert found.table.iloc[2, 5] == 7.25
    assert found.table.index[1] == datetime(2016, 9, 13, 21)
    assert found.labels.tolist() == [False] * 3 + [True] * 27
    assert [(attack.number, rows) for attack, rows in found.attacks] == [(1, slice(3, 30))]
    assert found.flags is not None
    assert "its own flags mark 0 hours" in found.notes


def test_reads_padded_names_and_unknown_labels_alike(write: Write) -> None:
    plain = batadal.read(write(lines_of("13/09/16 20", 30)))
    padded = batadal.read(
        write(lines_of("13/09/16 20", 30, "-999"), "x.csv", comma=",  ", end="\r\n")
    )
    assert plain.table.equals(padded.table)
    assert np.array_equal(plain.labels, padded.labels)
    assert "column names padded with blanks or in lower case" in padded.notes
    assert "its own flags mark 0 hours, the rest -999 (unknown): 30" in padded.notes


def test_reads_a_file_without_labels_and_with_more_columns(write: Write) -> None:
    lines = [[*line, "x"] for line in lines_of("16/01/17 08", 5, None)]
    found = batadal.read(write(lines))
    assert found.flags is None
    assert found.labels.tolist() == [False, True, True, True, True]
    assert {"no label column", "columns left out: x"} <= set(found.notes)


def test_an_empty_cell_is_a_missing_reading_and_fine_numbers_are_rounded(write: Write) -> None:
    lines = lines_of("06/01/14 00", 3)
    lines[2][4] = " "
    lines[3][4] = "1.23456"
    found = batadal.read(write(lines))
    assert np.isnan(found.table.iloc[1, 3])
    assert found.table.iloc[2, 3] == 1.23
    assert any("1 empty cells" in note for note in found.notes)
    assert any("rounded to two decimals" in note for note in found.notes)


@pytest.mark.parametrize(
    ("row", "column", "text", "words"),
    [
        (3, 5, "wet", r"some\.csv:4: L_T5 is 'wet', not a number"),
        (3, 5, "inf", r"some\.csv:4: L_T5 is 'inf', not a number"),
        (2, 0, "2016-07-04 01:00", r"some\.csv:3: DATETIME '2016-07-04 01:00' is not dd/mm/yy HH"),
        (2, 0, "04/07/16 05", r"some\.csv:3: 04/07/16 05 does not follow 04/07/16 00 by one hour"),
        (2, 44, "7", r"some\.csv:3: ATT_FLAG is '7'; expected 0 \(normal\), 1 .* or -999"),
        (0, 3, "L_TT3", r"some\.csv:1: no column L_T3\. Did you mean 'L_TT3'\?"),
        (0, 3, "L_T2", r"some\.csv:1: column L_T2 appears 2 times"),
    ],
)
def test_a_wrong_cell_is_named(write: Write, row: int, column: int, text: str, words: str) -> None:
    lines = lines_of("04/07/16 00", 4)
    lines[row][column] = text
    with pytest.raises(DataError, match=words):
        batadal.read(write(lines))


def test_a_cut_file_is_found(write: Write) -> None:
    path = write(lines_of("04/07/16 00", 50))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"some\.csv:51: \d+ fields where the header names 45.*cut"):
        batadal.read(path)


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    with pytest.raises(DataError, match=r"bad\.csv: cannot be read: No such file"):
        batadal.read(path)
    path.write_bytes(b"")
    with pytest.raises(DataError, match="holds no rows"):
        batadal.read(path)
    path.write_bytes(b"DATETIME,\xff\xfe\x00")
    with pytest.raises(DataError, match="not a text file"):
        batadal.read(path)
    path.write_text('DATETIME,"L_T1\nx,y\n')
    with pytest.raises(DataError, match=r"bad\.csv:\d: not a CSV table"):
        batadal.read(path)


@pytest.mark.parametrize(
    "name", ["BATADAL_dataset04.csv", "batadal_dataset04.csv", "DATASET04.CSV", "dataset04.csv"]
)
def test_finds_a_file_however_its_name_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "dataset04_labelled.csv").touch()
    (tmp_path / name).touch()
    assert batadal.find(tmp_path, "04").name == name


def test_a_missing_file_or_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "dataset4.csv").touch()
    with pytest.raises(DataError, match=r"no BATADAL_dataset04\.csv here.*here: dataset4\.csv"):
        batadal.find(tmp_path, "04")
    with pytest.raises(DataError, match="no such folder"):
        batadal.find(tmp_path / "nowhere", "04")


def test_the_published_intervals_are_the_labelled_hours(batadal_folder: Path) -> None:
    labelled = batadal.read(batadal_folder / "dataset04_labelled.csv")
    assert labelled.flags is not None
    assert np.array_equal(labelled.flags == 1, labelled.labels)
    assert labelled.labels.sum() == 492


def test_the_official_files_read_as_they_are(batadal_folder: Path) -> None:
    normal = batadal.read(batadal.find(batadal_folder, "03"))
    assert normal.table.shape == (8761, 43)
    assert normal.attacks == []
    attacked = batadal.read(batadal.find(batadal_folder, "04"))
    assert attacked.table.shape == (4177, 43)
    assert attacked.flags is not None
    assert (attacked.flags == 1).sum() == 219
    labelled = batadal.read(batadal_folder / "dataset04_labelled.csv")
    assert attacked.table.equals(labelled.table)
