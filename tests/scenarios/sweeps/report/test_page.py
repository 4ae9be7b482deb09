import json
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import norm
from typer.testing import CliRunner

from scenarios.cli import app
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


def written(folder, table, of=18):
    table = list(table)
    kinds = {int: pa.int64(), float: pa.float64(), str: pa.string(), bool: pa.bool_()}
    columns = {name: kinds.get(type(value), pa.float64()) for name, value in table[0].items()}
    about = {"plant": "ctown", "units": {FIELD: "m"}, "runs": of}
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
    lines = re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)
    cells = [re.findall(r"<td>(.*?)</td>", line)[:5] for line in lines]
    assert ["sensor:L_T1", "pca", "0.4", "3", "1"] in cells  # attack, detector, by, runs, noticed
    assert ["sensor:L_T1", "cnn-lstm", "0.4", "3", "0"] in cells


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


def test_attacks_without_harm_and_noticed_at_once_are_told_so(tmp_path):
    calm = [row | {"damage_overflow_m3": 0.0, "delay_h": 0.0} for row in rows()]
    path, *pictures = page.write(written(tmp_path, calm), complain)
    assert "harm-and-detection" not in names(pictures)
    assert "No attack did harm" in path.read_text(encoding="utf-8")


def test_of_a_killed_sweep_the_journal_is_read(tmp_path):
    """Its table was written at its begin, empty; one run's record was cut off, one was lost."""
    row = {"status": "failed", "error": "no such pump", "hours": None, "detected": None}
    row |= {"incidents_begun": 0, "delay_h": None, "false_episodes": None, "detector": None}
    records = [{"key": key, "rows": [row]} for key in "ab"] + [{"key": "c", "lost": True}]
    journal = "".join(json.dumps(record) + "\n" for record in records) + '{"key": "d", "ro'
    (tmp_path / "records.jsonl").write_text(journal)
    columns = {name: pa.string() for name in ("scenario", "seed", "detector")}
    about = {"plant": None, "units": {}, "runs": 9}
    write_table(tmp_path / RESULTS, [], {"run": pa.int64(), **columns}, about)
    write_table(tmp_path / TIMINGS, [], {"run": pa.int64(), "key": pa.string()})
    path, *_ = page.write(tmp_path, complain)
    text = path.read_text(encoding="utf-8")
    assert "2 of 9 runs are done; start the sweep again to go on" in text
    assert text.count("no such pump") == 1
    assert "failed, 2 runs: no such pump" in text
    done = CliRunner().invoke(app, ["results", str(tmp_path)])
    assert "warning: 2 of 9 runs" in done.stderr
    assert "failed, 2 of 2 runs: no such pump" in done.stdout


def test_an_unfinished_sweep_says_so(tmp_path):
    assert Told.read(written(tmp_path, rows())).left == ""
    written(tmp_path, rows(), of=30)
    keys = [f"k{run}" for run in range(20)]
    lines = [json.dumps({"key": key, "rows": []}) + "\n" for key in keys]
    (tmp_path / "records.jsonl").write_text("".join(lines))
    left = Told.read(tmp_path).left
    assert left.startswith("20 of 30 runs are done")
    assert left.endswith("(the table has 18 of them).")


def test_results_replaces_no_file_unasked(tmp_path):
    written(tmp_path, rows())
    there = tmp_path / "mine.csv"
    there.write_text("precious")
    asked = ["results", str(tmp_path), "--csv", str(there)]
    assert isinstance(CliRunner().invoke(app, asked).exception, InputError)
    assert there.read_text() == "precious"
    assert CliRunner().invoke(app, [*asked, "--force"]).exit_code == 0
    assert len(pd.read_csv(there)) == 1 + 35
    nowhere = CliRunner().invoke(app, ["results", str(tmp_path), "--csv", str(there / "x" / "y")])
    assert "there is no folder" in str(nowhere.exception)


def test_a_folder_without_results(tmp_path):
    with pytest.raises(InputError, match="no results of a sweep"):
        page.write(tmp_path, complain)
    write_table(tmp_path / RESULTS, [], {"run": pa.int64()}, {"runs": 9})
    with pytest.raises(InputError, match="no run of the sweep has ended"):
        page.write(tmp_path, complain)
