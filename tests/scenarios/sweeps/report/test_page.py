import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import norm

from scenarios.sweeps.report import page
from scenarios.sweeps.report.told import Told, shares, wilson
from scenarios.sweeps.table import RESULTS, TIMINGS, write_table
from twin.errors import InputError

FIELD = "attacks.spoof.do.offset.by"
TEXTS = ("scenario", "attacks.spoof.on", "detector", "status", "error", "plcs", "elements")


def rows(detectors=("pca", "cnn-lstm"), seeds=3):
    """Yield a table in which pca notices offsets of 0.4 and more, and cnn-lstm on T7 only."""
    run = 0
    for tank, plc in (("T1", "PLC2"), ("T7", "PLC9")):
        for by in (0.1, 0.4, 1.6):
            for seed in range(seeds):
                for detector in detectors:
                    seen = by >= 0.4 if detector == "pca" else tank == "T7"
                    yield {
                        "run": run, "scenario": "mine", "attacks.spoof.on": f"sensor:L_{tank}",
                        FIELD: by, "seed": seed, "detector": detector, "status": "done",
                        "plcs": plc, "elements": tank, "hours": 48.0, "incidents_begun": 1,
                        "detected": seen if detector else None,
                        "delay_h": 1.0 + seed if seen and detector else None,
                        "false_episodes": 0 if detector else None, "damage_overflow_m3": 100 * by,
                    }  # fmt: skip
                run += 1


def written(folder, table):
    table = list(table)
    kinds = {int: pa.int64(), float: pa.float64(), str: pa.string(), bool: pa.bool_()}
    columns = {name: kinds.get(type(value), pa.float64()) for name, value in table[0].items()}
    about = {"plant": "ctown", "units": {FIELD: "m"}}
    write_table(folder / RESULTS, table, columns, about)
    runs = sorted({row["run"] for row in table})
    write_table(
        folder / TIMINGS,
        [{"run": run, "key": f"k{run}"} for run in runs],
        {"run": pa.int64(), "key": pa.string()},
    )
    return folder


def complain(message):
    raise AssertionError(message)


def names(paths):
    return [path.stem for path in paths]


def test_what_is_drawn_follows_from_the_table(tmp_path):
    told, *pictures = page.write(written(tmp_path, rows()), complain)
    assert told.name == "report.html"
    assert names(pictures) == [
        "detection-attacks-spoof-do-offset-by", "who-notices", "delays", "spread",
        "harm-and-detection", "harm-attacks-spoof-do-offset-by", "where",
    ]  # fmt: skip
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_without_a_detector_there_is_harm_to_draw(tmp_path):
    _, *pictures = page.write(written(tmp_path, rows(detectors=("",))), complain)
    assert names(pictures) == ["harm-attacks-spoof-do-offset-by", "where"]


def test_the_page_holds_all_it_shows(tmp_path):
    path, *pictures = page.write(written(tmp_path, rows()), complain)
    text = path.read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == len(pictures)
    assert text.count("<h2>") == len(pictures) + 1
    assert not re.findall(r'(?:src|href)="(?!data:)', text)


def test_shares_are_those_of_the_table(tmp_path):
    told = Told.read(written(tmp_path, rows()))
    assert told.magnitudes == [FIELD]
    assert told.words(FIELD) == f"{FIELD} [m]"
    assert set(told.rows["attack"]) == {"sensor:L_T1", "sensor:L_T7"}
    pca = shares(told.watched[told.watched["detector"] == "pca"], FIELD)
    assert list(pca["at"]) == [0.1, 0.4, 1.6]
    assert list(pca["share"]) == [0.0, 1.0, 1.0]
    assert list(pca["of"]) == [6, 6, 6]


def test_drawn_values_are_pooled_by_eighths():
    table = pd.DataFrame({"by": np.arange(80.0), "detected": np.arange(80.0) >= 40})
    found = shares(table, "by")
    assert list(found["of"]) == [10] * 8
    assert list(found["share"]) == [0.0] * 4 + [1.0] * 4


def test_the_band_is_wilsons():
    z, n, k = norm.ppf(0.975), 20, 5  # Wilson 1927, the interval's own formula
    middle = (k / n + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(k / n * (1 - k / n) / n + z**2 / (4 * n**2))
    assert wilson(k, n) == pytest.approx((middle - half, middle + half))


def test_a_folder_without_results(tmp_path):
    with pytest.raises(InputError, match="no results of a sweep"):
        page.write(tmp_path, complain)
