import numpy as np
import pandas as pd
import pytest

from twin.errors import InputError
from twin.records.batadal import Record, read, write, write_parquet

TAGS = ("L_A", "S_A")
TEXT = """DATETIME, L_A, S_A, OTHER, ATT_FLAG
06/01/14 00, 1.234, 1, x, 0
06/01/14 01, , 0, x, -999
06/01/14 02, 1.5, 0, x, 1
"""


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "record.csv"
    found.write_text(TEXT)
    return found


def test_a_record_is_read_as_written(path):
    record = read(path, TAGS)
    np.testing.assert_array_equal(record.rows, [[1.234, 1], [np.nan, 0], [1.5, 0]])
    assert record.flags.tolist() == [0, -999, 1]
    assert record.start == pd.Timestamp("2014-01-06")


def test_what_is_written_reads_back_at_two_decimals(path, tmp_path):
    record = read(path, TAGS)
    record.table.iloc[2, 0] = -0.001
    again = tmp_path / "again.csv"
    write(Record(again, record.table, record.flags))
    assert again.read_text().splitlines() == [
        "DATETIME,L_A,S_A,ATT_FLAG",
        "06/01/14 00,1.23,1,0",
        "06/01/14 01,,0,-999",
        "06/01/14 02,0.00,0,1",
    ]
    write_parquet(Record(tmp_path / "again.parquet", record.table, record.flags))
    stored = pd.read_parquet(tmp_path / "again.parquet")
    pd.testing.assert_frame_equal(stored[list(TAGS)], read(again, TAGS).table, check_freq=False)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (" L_A,", " L_B,", r"record.csv:1: no column L_A"),
        ("1.234", "wet", r"record.csv:2: L_A is 'wet', not a number"),
        ("06/01/14 01", "2014-01-06 01:00", r"record.csv:3: DATETIME is '2014"),
        ("06/01/14 02", "06/01/14 03", r"record.csv:4: 06/01/14 03 does not follow"),
        ("x, 1\n", "x, 2\n", r"record.csv:4: ATT_FLAG is '2'"),
        (" x, 1\n", "\n", r"record.csv:4: 4 fields where the header names 5"),
        (TEXT[TEXT.index("\n") + 1 :], "", r"record.csv: no rows"),
    ],
)
def test_a_mistake_is_named_with_its_line(path, old, new, says):
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(InputError, match=says):
        read(path, TAGS)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.csv", TAGS)
    record = Record(tmp_path / "no" / "x.csv", pd.DataFrame({"L_A": [1.0]}), np.zeros(1, dtype=int))
    for writer in (write, write_parquet):
        with pytest.raises(InputError, match="cannot be written"):
            writer(record)
