"""What the commands take for normal in a record, and that all of them read it alike."""

import numpy as np
import pandas as pd
import pytest

from detector import DataError
from detector.benchmark import batadal
from scenarios.experiments.training import read_normal
from scenarios.validation.plant_record import read_record
from tests.detector.conftest import write_batadal
from twin.errors import InputError
from twin.plants.spec import load_plant


@pytest.fixture(scope="module")
def ctown():
    return load_plant("ctown")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "record.csv"
    write_batadal(path, "2014-01-06", 4, 1, [])
    return path


def relabel(path, name, cells):
    """Give the label column another name and other cells; no column where the name is None."""
    table = pd.read_csv(path).drop(columns="ATT_FLAG")
    if name is not None:
        table[name] = cells
    table.to_csv(path, index=False)


@pytest.mark.parametrize(
    ("name", "normal", "attack"),
    [("Attack", 0, 1), ("LABEL", 0, 1), ("attack_label", "normal", "attack"), ("att", "ok", "no")],
)
def test_attacked_hours_neither_train_nor_are_normal(ctown, file, name, normal, attack):
    cells = [attack if 30 <= hour < 40 else normal for hour in range(96)]
    relabel(file, name, cells)
    if name == "att":
        for read in (lambda: read_normal([file]), lambda: read_record(file, ctown)):
            with pytest.raises(DataError, match="column att holds 'ok', 'no': does it mark"):
                read()
        return
    with pytest.raises(DataError, match="holds hours under attack"):
        read_normal([file])
    record = read_record(file, ctown)
    assert np.flatnonzero(~record.normal).tolist() == list(range(30, 40))


def test_hours_that_may_be_attacked_do_not_train(file):
    relabel(file, "ATT_FLAG", [-999] * 96)
    with pytest.raises(DataError, match="96 hours are labelled -999"):
        read_normal([file])


@pytest.mark.parametrize(("name", "label"), [(None, None), ("ATT_FLAG", 0), ("ATT_FLAG", -999)])
def test_published_attacks_are_no_normal_hours_whatever_the_file_says(ctown, file, name, label):
    write_batadal(file, "2016-09-12", 10, 1, [])
    relabel(file, name, label)
    record = read_record(file, ctown)
    published = batadal.read(file).labels
    assert published.sum() == 50
    assert (record.flags[published] == 1).all()
    assert (record.flags[~published] == (label or 0)).all()
    assert "50 more hours are under BATADAL's published attacks" in record.told


def test_all_commands_say_the_same_of_a_broken_file(ctown, file):
    lines = file.read_text().splitlines()
    lines[5] = lines[5].replace(lines[5].split(",")[3], "wet")
    file.write_text("\n".join(lines))
    said = []
    for read in (lambda: read_normal([file]), lambda: read_record(file, ctown)):
        with pytest.raises(DataError) as error:
            read()
        said.append(str(error.value))
    assert said[0] == said[1]
    assert f"{file}:6: L_T3 is 'wet', not a number" in said[0]


def test_a_record_of_another_plant_is_named(file, ctown, tmp_path):
    file.write_text("DATETIME,L_X\n06/01/14 00,1\n")
    with pytest.raises(InputError, match="43 of the plant's 43 tags are missing"):
        read_record(file, ctown)
