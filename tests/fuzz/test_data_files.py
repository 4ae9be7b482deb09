"""Malformed records, checkpoints and plant folders: each is read, or is one error of ours."""

import hashlib
import json
import random
import re
import shutil
import struct

import numpy as np
import pytest

import detector
from detector import DataError, Training
from detector.benchmark import batadal
from tests.detector.conftest import make_days, write_batadal
from tests.fuzz.mutate import mutated
from twin.errors import InputError
from twin.plants.spec import PLANTS, load_plant

_CELLS = [
    "", "NaN", "-999", "1,5", "1.5", "inf", "1e999", "wet", "0", "1", "attack", "normal", "-1",
    "06/01/14 00", "2014-01-06 00:00", "41645.25", "9" * 400, "\x00", "\u0661", "1_0", '"', ";",
    "31/02/14 00", "0000-01-01", "99/99/9999 99:99", "12:00 PM", "-" * 50,
]  # fmt: skip
_HEADS = [
    "", "Attack", "LABEL", "ATT_FLAG", "time", "date", "DATETIME", "l_t1", "L_T1", "S_PU1", "x",
]  # fmt: skip
_WRONG = [
    None, True, 0, -1, 1e308, 3600, "3600", "", "pca", [], {}, [1], ["L_A"], {"value": None},
    [None], "x" * 3000, {"value": 1}, {"value": [0.5]}, [["L_A"]], "\u0000", "../x",
]  # fmt: skip


def change_cells(text, rng):
    """Return a CSV file's text after a change that a spreadsheet or a student makes."""
    for _ in range(rng.choice((1, 1, 2))):
        rows = [line.split(",") for line in text.splitlines()]
        kind = rng.randrange(8)
        if kind < 3 and rows:
            row = rng.choice(rows)
            row[rng.randrange(len(row))] = rng.choice(_CELLS)
        elif kind == 3 and rows:
            rows[0][rng.randrange(len(rows[0]))] = rng.choice(_HEADS)
        elif kind == 4 and rows:
            column = [rng.choice(_HEADS), *rng.choices(rng.sample(_CELLS, 3), k=len(rows))]
            for row, cell in zip(rows, column, strict=False):
                row.append(cell)
        elif kind == 5 and rows:
            place, cells = rng.randrange(len(rows[0])), rng.sample(_CELLS, 2)
            for row in rows[1:]:
                if place < len(row):
                    row[place] = rng.choice(cells)
        elif kind == 6:
            text = text.replace(",", rng.choice(";\t|")).replace(".", rng.choice(",."))
            continue
        else:
            text = mutated(text, rng)
            continue
        text = "\n".join(map(",".join, rows)) + "\n"
    return text


def fuzz_records(count, seed, folder):
    rng = random.Random(seed)
    path = folder / "record.csv"
    write_batadal(path, "2014-01-06", 2, 1, [])
    whole, refused = path.read_text(), 0
    for number in range(count):
        text = change_cells(whole, rng)
        path.write_text(text, encoding="utf-8", newline="")
        try:
            record = batadal.read(path)
            assert record.table.shape[1] == 43
            assert "\n" not in record.told
        except DataError as error:
            refused += 1
            assert re.match(rf"{re.escape(str(path))}(:\d+)?: \S", str(error)), str(error)
        except Exception as broken:
            raise AssertionError(f"file {number}: {broken!r} at\n{text[:2000]}") from broken
    return refused


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Return a fitted detector's checkpoint, and rows to score."""
    rows = make_days(12)
    fitted = detector.create("pca", tuple(rows.columns))
    fitted.fit(rows, Training(seed=1))
    path = tmp_path_factory.mktemp("checkpoint") / "mine.safetensors"
    fitted.save(path)
    return path, rows.iloc[:30]


def change_card(card, rng):
    """Give a card, or something within it, another value."""
    where = card
    while True:
        key = rng.choice(list(where)) if isinstance(where, dict) else rng.randrange(len(where))
        if isinstance(where[key], dict | list) and where[key] and rng.random() < 0.5:
            where = where[key]
            continue
        if rng.random() < 0.2:
            del where[key]
        else:
            where[key] = rng.choice(_WRONG)
        return


def change_weights(blob, rng):
    """Return weights with other bytes in their header or behind it."""
    (length,) = struct.unpack("<Q", blob[:8])
    if rng.random() < 0.5:
        header = mutated(blob[8 : 8 + length].decode(), rng).encode("utf-8", "replace")
        size = len(header) if rng.random() < 0.9 else rng.randrange(2**64)
        return struct.pack("<Q", size) + header + blob[8 + length :]
    at = rng.randrange(len(blob))
    return rng.choice((blob[:at], blob[:at] + rng.randbytes(8) + blob[at + 8 :]))


def fuzz_checkpoints(count, seed, folder, checkpoint):
    rng = random.Random(seed)
    source, rows = checkpoint
    path = folder / "mine.safetensors"
    blob, text, refused = source.read_bytes(), source.with_suffix(".json").read_text(), 0
    for number in range(count):
        weights, card = blob, text
        kind = rng.randrange(3)
        if kind == 0:
            card = mutated(text, rng)
        elif kind == 1:
            data = json.loads(text)
            for _ in range(rng.choice((1, 1, 2))):
                change_card(data, rng)
            card = json.dumps(data)
        else:
            weights = change_weights(blob, rng)
            data = json.loads(text) | {"weights_sha256": hashlib.sha256(weights).hexdigest()}
            card = json.dumps(data)
        path.write_bytes(weights)
        path.with_suffix(".json").write_text(card, encoding="utf-8", newline="")
        try:
            loaded = detector.load(path, tags=tuple(rows.columns), interval_s=None)
            with np.errstate(all="ignore"):
                assert loaded.score(rows).shape == (30,)
        except DataError as error:
            refused += 1
            assert str(error).startswith(str(folder)), str(error)
        except Exception as broken:
            raise AssertionError(f"file {number}: {broken!r} at\n{card[:2000]}") from broken
    return refused


def fuzz_plants(count, seed, folder):
    rng = random.Random(seed)
    plant = folder / "mine"
    shutil.copytree(PLANTS / "ctown", plant)
    refused = 0
    for number in range(count):
        path = plant / rng.choice(("tags.csv", "tags.csv", "plcs.yaml", "plcs.yaml", "network.inp"))
        whole = path.read_text(encoding="utf-8")
        change = change_cells if path.suffix == ".csv" and rng.random() < 0.5 else mutated
        path.write_text(change(whole, rng), encoding="utf-8", newline="")
        try:
            load_plant(plant)
        except InputError as error:
            refused += 1
            assert str(error).startswith(str(plant)), str(error)
        except Exception as broken:
            text = path.read_text(encoding="utf-8")
            raise AssertionError(f"file {number}, {path.name}: {broken!r} at\n{text}") from broken
        path.write_text(whole, encoding="utf-8", newline="")
    return refused


def test_a_malformed_record_is_one_error_with_its_line(tmp_path):
    assert fuzz_records(250, 1, tmp_path) > 100


def test_a_malformed_checkpoint_is_one_error(tmp_path, checkpoint):
    assert fuzz_checkpoints(300, 1, tmp_path, checkpoint) > 100


def test_a_malformed_plant_folder_is_one_error_with_its_file(tmp_path):
    assert fuzz_plants(80, 1, tmp_path) > 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 20))
def test_ten_thousand_malformed_records(seed, tmp_path):
    fuzz_records(1000, seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 20))
def test_ten_thousand_malformed_checkpoints(seed, tmp_path, checkpoint):
    fuzz_checkpoints(1000, seed, tmp_path, checkpoint)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 20))
def test_ten_thousand_malformed_plant_folders(seed, tmp_path):
    fuzz_plants(1000, seed, tmp_path)
