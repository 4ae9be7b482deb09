import numpy as np
import pandas as pd
import pytest

from detector.errors import DataError
from detector.records.record import read

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


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (" L_A,", " L_B,", r"record.csv:1: no column L_A"),
        ("1.234", "wet", r"record.csv:2: L_A is 'wet', not a number"),
        (
            "06/01/14 01",
            "2014-01-06 01:00",
            r"record.csv:3: DATETIME '2014-01-06 01:00' is not dd/mm/yy HH",
        ),
        ("06/01/14 02", "06/01/14 03", r"record.csv:4: 06/01/14 03 does not follow"),
        ("x, 1\n", "x, 2\n", r"record.csv:4: ATT_FLAG is '2'"),
        (" x, 1\n", "\n", r"record.csv:4: 4 fields where the header names 5"),
        (TEXT[TEXT.index("\n") + 1 :], "", r"record.csv: holds no rows"),
    ],
)
def test_a_mistake_is_named_with_its_line(path, old, new, says):
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(DataError, match=says):
        read(path, TAGS)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "none.csv", TAGS)


def week(days=3):
    """Return the lines of a record, an hour a row from 6 January 2014 on."""
    hours = pd.date_range("2014-01-06", periods=24 * days, freq="h")
    return hours, [f"{k % 7}.25" for k in range(len(hours))]


def written(path, dates, levels, head="DATETIME,L_A,S_A", more=(), separator=",", end="\n"):
    rows = [
        separator.join((date, level, "1", *(column[k] for column in more)))
        for k, (date, level) in enumerate(zip(dates, levels, strict=True))
    ]
    path.write_text(end.join((head.replace(",", separator), *rows, "")), newline="")
    return path


@pytest.mark.parametrize(
    ("form", "note"),
    [
        ("%d/%m/%y %H", None),
        ("%Y-%m-%d %H:%M:%S", "dates read as yyyy-mm-dd"),
        ("%Y-%m-%dT%H:%MZ", "dates read as yyyy-mm-dd"),
        ("%Y/%m/%d %H:00", "dates read as yyyy-mm-dd"),
        ("%d/%m/%Y %H:%M", "dates read as dd/mm/yy"),
        ("%d.%m.%Y %H:%M:%S", "dates read as dd/mm/yy"),
        ("%m/%d/%Y %I:%M:%S %p", "dates read as mm/dd/yy"),
        ("%m/%d/%y %H", "dates read as mm/dd/yy"),
        ("%d-%b-%Y %H:%M", "dates read as day, month in letters, year"),
        ("excel", "Excel's serial dates"),
        ("excel, two decimals", "Excel's serial dates"),
    ],
)
def test_dates_are_read_as_they_are_written_and_told(path, form, note):
    hours, levels = week(10)
    if form.startswith("excel"):
        days = (hours - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)
        dates = [f"{day:.2f}" if "," in form else f"{day:.8f}" for day in days]
    else:
        dates = list(hours.strftime(form))
    record = read(written(path, dates, levels), TAGS)
    assert (record.table.index == hours).all()
    told = [each for each in record.notes if "dates" in each]
    assert len(told) == (note is not None)
    assert note is None or note in told[0]


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ("%m/%d/%Y %H:%M", r":2: DATETIME '01/06/2014 00:00' may be 2014-06-01 or 2014-01-06"),
        ("%d/%m/%Y %H:%M", r":2: DATETIME '06/01/2014 00:00' may be 2014-01-06 or 2014-06-01"),
        ("%Y-%m-%d %H:30", r":2: DATETIME '2014-01-06 00:30' is not on the hour"),
        ("week %W", r":2: DATETIME 'week 01' is no date that is read here: write 06/01/14 00"),
        ("%Y-%m-32 %H", r":2: DATETIME '2014-01-32 00' is no date of the calendar"),
    ],
)
def test_a_date_that_may_be_two_or_is_none_is_refused(path, form, says):
    hours, levels = week(1)
    written(path, hours.strftime(form), levels)
    with pytest.raises(DataError, match=says):
        read(path, TAGS)


def test_the_same_day_and_month_are_no_question(path):
    hours = pd.date_range("2014-01-01", periods=24, freq="h")
    written(path, hours.strftime("%d/%m/%Y %H:%M"), ["1.5"] * 24)
    assert (read(path, TAGS).table.index == hours).all()


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_and_decimal_commas_are_read_and_told(path, separator):
    hours, levels = week()
    commas = [level.replace(".", ",") for level in levels]
    dates = list(hours.strftime("%d/%m/%y %H"))
    plain = read(written(path, dates, levels), TAGS)
    written(path, dates, commas, separator=separator, end="\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    record = read(path, TAGS)
    pd.testing.assert_frame_equal(record.table, plain.table)
    assert "numbers with a decimal comma" in record.notes
    assert any("separated by" in note for note in record.notes)
    path.write_text(path.read_text(encoding="utf-8-sig"), encoding="utf-16")
    pd.testing.assert_frame_equal(read(path, TAGS).table, plain.table)


@pytest.mark.parametrize(
    ("levels", "says"),
    [
        (["1,234", "2,345"], r":2: L_A is '1,234': its comma may divide thousands"),
        (["1,5", "2.5"], r":2: L_A is '1,5', but L_A is '2.5' in line 3"),
        (["1.234,5", "2,5"], r":3: L_A is '2,5', but L_A is '1.234,5' in line 2"),
        (["1_0", "2"], r":2: L_A is '1_0', not a number"),
    ],
)
def test_a_comma_that_may_mean_two_things_is_refused(path, levels, says):
    written(path, ["06/01/14 00", "06/01/14 01"], levels, separator=";")
    with pytest.raises(DataError, match=says):
        read(path, TAGS)


def test_a_decimal_comma_between_commas_is_explained(path):
    written(path, ["06/01/14 00"], ["1,5"])
    with pytest.raises(DataError, match=r":2: 4 fields where .* decimal comma need semicolons"):
        read(path, TAGS)


def test_missing_readings_lower_case_and_index_columns_are_read(path):
    path.write_text(
        ",datetime, l_a ,s_a\n0,06/01/14 00,NaN,1\n1,06/01/14 01,-999,0\n2,06/01/14 02,,0\n,,,\n"
    )
    record = read(path, TAGS)
    assert record.table["L_A"].isna().all()
    assert record.flags is None
    assert record.normal.all()
    told = record.told
    assert "1 cells of NaN, 1 cells of -999, 1 empty cells, treated as missing readings" in told
    assert "columns left out: column 1 (no name)" in told
    assert "in lower case" in told
    assert "\n" not in told


@pytest.mark.parametrize("head", ["Date", "Timestamp", ""])
def test_the_hours_may_stand_in_a_column_of_another_name(path, head):
    hours, levels = week()
    written(path, hours.strftime("%Y-%m-%d %H:%M"), levels, f"{head},L_A,S_A")
    assert (read(path, TAGS).table.index == hours).all()


def test_row_names_without_a_head_are_read(path):
    path.write_text("DATETIME,L_A,S_A\n1,06/01/14 00,1.5,1\n2,06/01/14 01,1.5,0\n")
    assert read(path, TAGS).table["S_A"].tolist() == [1, 0]


LABELS = [
    ("ATT_FLAG", "0", "1"),
    ("Attack", "0", "1"),
    ("LABEL", "0.0", "1.0"),
    ("attack_label", "normal", "attack"),
    ("Att_Flag", "FALSE", "TRUE"),
    ("Normal/Attack", "Normal", "A ttack"),
    ("is_anomaly", "no", "Yes"),
    ("Label", "BENIGN", "Attack 3"),
]


@pytest.mark.parametrize(("head", "normal", "attack"), LABELS)
def test_a_label_is_recognised_by_other_names_and_words(path, head, normal, attack):
    hours, levels = week()
    cells = [normal] * 70 + [attack, "-999"]
    written(path, hours.strftime("%d/%m/%y %H"), levels, f"DATETIME,L_A,S_A,{head}", [cells])
    record = read(path, TAGS)
    assert record.flags.tolist() == [0] * 70 + [1, -999]
    assert record.normal.sum() == 70
    assert "its own flags mark 1 hours, the rest -999 (unknown): 1" in record.notes
    assert head.upper() == "ATT_FLAG" or f"labels read from column {head}" in record.notes
    with pytest.raises(DataError, match="1 hours are labelled -999"):
        record.check_labels()


@pytest.mark.parametrize(
    ("heads", "columns", "says"),
    [
        ("state", [["ok", "bad"]], r":3: column state holds 'ok', 'bad': does it mark attacks\?"),
        ("y", [["0", "1"]], r":3: column y holds '0', '1': .* name it ATT_FLAG"),
        ("", [["0", "1"]], None),  # an index
        ("note", [["", "attack 1 begins"]], r":3: column note holds '', 'attack 1 begins'"),
        ("Attack", [["0", "replay"]], r":3: Attack is 'replay'; expected 0 \(normal\), 1"),
        ("Attack", [["1", "-1"]], r":3: Attack is '-1'; expected 0"),
        ("is_normal", [["1", "0"]], r":2: is_normal is '1': whether that is normal or an attack"),
        ("Attack (1: no attack)", [["1", "1"]], r":2: Attack .* cannot be told from"),
        ("ATT_FLAG,Attack", [["0", "0"], ["0", "1"]], r":3: ATT_FLAG is '0', but Attack is '1'"),
        ("ATT_FLAG,attack_type", [["0", "1"], ["", "replay"]], None),
        ("S_PU99,depth", [["0", "1"], ["1.5", "1.5"]], None),
    ],
)
def test_what_may_be_a_label_is_asked_about(path, heads, columns, says):
    dates = ["06/01/14 00", "06/01/14 01"]
    written(path, dates, ["1.5", "2.5"], f"DATETIME,L_A,S_A,{heads}", columns)
    if says is None:
        read(path, TAGS)
        return
    with pytest.raises(DataError, match=says):
        read(path, TAGS)


def test_two_labels_say_together_what_one_does_not_know(path):
    columns = [["-999", "1", "0"], ["1", "-999", "0"]]
    dates = ["06/01/14 00", "06/01/14 01", "06/01/14 02"]
    written(path, dates, ["1.5"] * 3, "DATETIME,L_A,S_A,ATT_FLAG,attack", columns)
    assert read(path, TAGS).flags.tolist() == [1, 1, 0]


def test_date_and_hour_may_stand_in_two_columns(path):
    rows = [f"1.5,06-Jan-2014,{hour:02d}:00,1" for hour in range(3)]
    path.write_text("\n".join(["L_A,Date,Time,S_A", *rows]))
    record = read(path, TAGS)
    assert record.start == pd.Timestamp("2014-01-06")
    assert "hours read from Date and Time" in record.notes
    note = "dates read as day, month in letters, year: 06-Jan-2014 00:00 is 2014-01-06 00 h"
    assert note in record.notes


@pytest.mark.parametrize("units", [",m,-,,", "[],[m],[0/1],,", "Unit,M,,,-"])
def test_a_line_of_units_is_left_out_and_told(path, units):
    head, rest = TEXT.split("\n", 1)
    path.write_text(f"{head}\n{units}\n{rest}")
    record = read(path, TAGS)
    np.testing.assert_array_equal(record.rows, [[1.234, 1], [np.nan, 0], [1.5, 0]])
    assert "line 2, of units, left out" in record.notes


def test_a_line_of_other_units_is_refused(path):
    head, rest = TEXT.split("\n", 1)
    path.write_text(f"{head}\n,ft,,,\n{rest}")
    with pytest.raises(DataError, match=r":2: a line of units, in which L_A is in ft: .*Convert"):
        read(path, TAGS)


def test_a_record_whose_labels_are_all_unknown_says_how_to_go_on(path):
    path.write_text("DATETIME,L_A,S_A,ATT_FLAG\n06/01/14 00,1,1,-999\n06/01/14 01,1,1,-999\n")
    with pytest.raises(DataError, match=r"all 2 hours are labelled -999 .* delete the column"):
        read(path, TAGS).check_labels()


def test_all_words_for_a_label_are_listed(path):
    path.write_text(TEXT.replace("x, 1\n", "x, hacked\n"))
    with pytest.raises(DataError, match=r"'hacked'; expected 0 .*benign.* no, .*malicious.* yes, "):
        read(path, TAGS)


def test_the_columns_that_are_no_tag_are_named_as_such(path):
    path.write_text(TEXT.replace(" L_A,", " depth,"))
    with pytest.raises(
        DataError, match=r"no column L_A\. The columns that are no tag of the plant"
    ):
        read(path, TAGS)
