"""The commands that train and evaluate, as a user types them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

import detector
from detector import DataError
from detector.benchmark import fetch
from detector.benchmark.evaluate import Frozen
from detector.checkpoint import SUFFIX
from detector.metrics import FIGURES
from detector.registry import forget, kind_class
from scenarios.commands import batadal
from scenarios.commands.train import train
from scenarios.definition.templates import detector as template
from scenarios.experiments.benchmark import SUPERVISED
from tests.command import hydrotwin_alone
from tests.detector.conftest import TAGS, make_days, write_batadal
from twin.errors import InputError

app = typer.Typer()
app.add_typer(batadal.app, name="batadal")
app.command()(train)


def run(*words: object) -> str:
    return CliRunner().invoke(app, [str(each) for each in words], catch_exceptions=False).stdout


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """Return what a normal run of a twin leaves: frames every 5 minutes."""
    hourly = make_days(12, seed=3)
    frames = hourly.loc[hourly.index.repeat(12)].reset_index(drop=True)
    late = frames.index % 12 != 0
    frames.loc[late, "L_A"] = 99.0
    frames.insert(0, "time", np.arange(len(frames)) * 300.0)
    folder = tmp_path / "year"
    folder.mkdir()
    frames.to_parquet(folder / "scada.parquet")
    return folder


def test_trains_on_the_full_hours_of_a_run(run_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "made" / "mine.safetensors"
    told = run("train", run_folder, "--out", out, "--epochs", 2, "--seed", 4)
    assert "2 epochs" in told
    assert "threshold" in told
    loaded = detector.load(out, tags=TAGS)
    # 99 m stands only in the frames between the hours.
    assert loaded.score(make_days(3))[24:].max() < 1
    card = json.loads(out.with_suffix(".json").read_text())
    assert card["command"] == (
        f"hydrotwin train {run_folder} --out {out} --kind cnn-lstm --epochs 2 --seed 4 --device cpu"
    )
    assert card["data"][0]["rows"] == 288
    assert card["seed"] == 4
    assert card["versions"]["torch"]
    assert len(card["history"]["loss"]) == 2
    rule = card["threshold"]
    assert rule["value"] == pytest.approx(rule["mean"] + rule["sigmas"] * rule["deviation"])
    assert set(card["normal_error"]) == set(TAGS)
    assert card["held_out"]["false_episodes_per_week"] >= 0
    assert (tmp_path / "made" / "mine-loss.png").stat().st_size > 10_000


def test_trains_on_a_public_file(small_batadal: Path, tmp_path: Path) -> None:
    out = tmp_path / "pca.safetensors"
    run("train", small_batadal / "dataset03.csv", "--out", out, "--kind", "pca")
    assert detector.load(out).kind == "pca"
    assert not (tmp_path / "pca-loss.png").exists()


def test_bad_training_data_is_refused(run_folder: Path, small_batadal: Path) -> None:
    out = run_folder.parent / "x.safetensors"
    attacked = run_folder.parent / "attacked.csv"
    write_batadal(attacked, "2016-09-10", 20, 2, [])
    with pytest.raises(DataError, match="holds hours under attack"):
        run("train", attacked, "--out", out)
    with pytest.raises(DataError, match="its tags are not those of"):
        run("train", run_folder, small_batadal / "dataset03.csv", "--out", out)
    with pytest.raises(DataError, match="Did you mean 'pca'"):
        run("train", run_folder, "--out", out, "--kind", "pka")
    with pytest.raises(DataError, match=r"must end in \.safetensors"):
        run("train", run_folder, "--out", out.with_suffix(".pt"))
    with pytest.raises(DataError, match=r"no scada\.parquet"):
        run("train", run_folder.parent, "--out", out)
    pd.DataFrame({"time": [0.0], "label": ["attack"]}).to_parquet(run_folder / "labels.parquet")
    with pytest.raises(DataError, match="a run under attack"):
        run("train", run_folder, "--out", out)
    (run_folder / "labels.parquet").unlink()
    (run_folder / "scada.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DataError, match="damaged"):
        run("train", run_folder, "--out", out)
    assert not out.exists()


@pytest.mark.parametrize(("kind", "needed"), [("cnn-lstm", "240 rows (10 d)"),
                                              ("pca", "235 rows (9.8 d)")])  # fmt: skip
def test_too_little_data_is_said_before_anything_is_learnt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, needed: str
) -> None:
    def learn(*_: object, **__: object) -> None:
        raise AssertionError("it learns")

    monkeypatch.setattr(kind_class(kind), "learn", learn)
    for days in (1, 8):
        write_batadal(tmp_path / "short.csv", "2014-01-06", days, 2, [])
        with pytest.raises(DataError, match=re.escape(f"give a stretch of {needed} or longer")):
            run(
                "train", tmp_path / "short.csv", "--out", tmp_path / "x.safetensors", "--kind", kind
            )
    write_batadal(tmp_path / "enough.csv", "2014-01-06", 10, 2, [])
    with pytest.raises(AssertionError, match="it learns"):
        run("train", tmp_path / "enough.csv", "--out", tmp_path / "x.safetensors", "--kind", kind)


def test_batadal_prints_json_only(small_batadal: Path, tmp_path: Path) -> None:
    told = run(
        "batadal", "--data", small_batadal, "--detectors", "pca", "--json",
        "--out", tmp_path / "pictures", "--predictions", tmp_path / "hours",
    )  # fmt: skip
    found = json.loads(told)
    assert list(found) == ["dataset04"]
    assert list(found["dataset04"]) == ["pca", "always", "never", "random"]
    assert {tuple(row) for row in found["dataset04"].values()} == {FIGURES}
    assert (tmp_path / "hours" / "dataset04" / "pca.csv").is_file()
    assert (tmp_path / "pictures" / "timeline-dataset04-pca.png").is_file()


def test_batadal_tells_what_it_found(
    small_batadal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    test = small_batadal / "BATADAL_DATASET04.CSV"
    told = run(
        "batadal", "--data", small_batadal, "--test", test, "--detectors", "pca", "--out", tmp_path
    )
    assert "labels: 74 hours under 2 published attacks" in told
    assert "this one is not whole" in told
    assert "published" in told
    assert "test: ttd of attack" in told


def test_batadal_judges_a_supervised_detector_as_it_is(
    small_batadal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def by_level(path: Path) -> Frozen:
        asked.append(path)
        return Frozen(lambda table: table["L_T1"].to_numpy(), 7.0)

    monkeypatch.setattr("scenarios.experiments.benchmark.frozen", by_level)
    words = ("batadal", "--data", small_batadal, "--json", "--out", tmp_path)
    told = json.loads(run(*words, "--detectors", "pca,supervised"))
    assert list(told["dataset04"]) == ["pca", "supervised", "always", "never", "random"]
    assert told["dataset04"]["supervised"]["recall"] > 0.5
    mine = tmp_path / "mine.safetensors"
    for suffix in (".json", SUFFIX):
        shutil.copy(SUPERVISED.with_suffix(suffix), mine.with_suffix(suffix))
    told = json.loads(run(*words, "--detectors", mine))
    assert list(told["dataset04"]) == ["mine", "always", "never", "random"]
    assert asked == [SUPERVISED, mine]


def test_batadal_judges_a_fitted_file_as_the_kind_it_is_of(
    small_batadal: Path, tmp_path: Path
) -> None:
    for name in ("mine", "pca"):
        run(
            "train", small_batadal / "dataset03.csv",
            "--out", tmp_path / f"{name}.safetensors", "--kind", "pca",
        )  # fmt: skip
    words = ("batadal", "--data", small_batadal, "--out", tmp_path / "out")
    named = f"pca,{tmp_path / 'mine.safetensors'},{tmp_path / 'pca.safetensors'}"
    found = json.loads(run(*words, "--detectors", named, "--json"))["dataset04"]
    assert list(found)[:3] == ["pca", "mine", "pca.safetensors"]
    assert found["mine"] == found["pca"] == found["pca.safetensors"]
    assert (tmp_path / "out" / "timeline-dataset04-mine.png").is_file()
    assert "mine, a fitted pca: threshold" in run(
        *words, "--detectors", tmp_path / "mine.safetensors"
    )
    card = tmp_path / "mine.json"
    card.write_text(card.read_text().replace('"interval_s": 3600.0', '"interval_s": 300.0'))
    with pytest.raises(DataError, match=r"mine\.safetensors: fitted on frames 300 s apart"):
        run(*words, "--detectors", tmp_path / "mine.safetensors")


def test_batadal_judges_a_kind_of_ones_own(
    small_batadal: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(template("average-day"))
    request.addfinalizer(lambda: forget("average-day"))
    words = ("batadal", "--data", small_batadal, "--out", tmp_path / "out", "--json")
    with pytest.raises(DataError, match=r"'average-day'.*One of your own is known by --plugin"):
        run(*words, "--detectors", "average-day")
    found = json.loads(run(*words, "--detectors", "average-day,pca", "--plugin", mine))
    assert list(found["dataset04"])[:2] == ["average-day", "pca"]
    assert 0.5 < found["dataset04"]["average-day"]["auc"] < 1


def test_batadal_says_what_is_missing(small_batadal: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--data DIR is missing"):
        run("batadal")
    with pytest.raises(InputError, match="names none"):
        run("batadal", "--data", small_batadal, "--detectors", " ,")
    with pytest.raises(DataError, match="no BATADAL_dataset03"):
        run("batadal", "--data", tmp_path)


def test_fetch_prints_licence_and_citation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "fetch", lambda to: [Path(to) / "BATADAL_dataset03.csv"])
    told = run("batadal", "fetch", "--to", tmp_path)
    assert "CC BY 4.0" in told
    assert "Taormina et al. 2018" in told
    assert f"verified {tmp_path / 'BATADAL_dataset03.csv'}" in told


def test_importing_the_commands_imports_no_heavy_library() -> None:
    code = (
        "import sys, scenarios.commands.train, scenarios.commands.batadal; "
        "print(sorted({'torch', 'sklearn', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ("pass", 2, "detector kind 'half' has no method errors, learn, restore, tensors"),
        (
            "errors = restore = tensors = None\n\n    def learn(self, *given):\n        1 / 0",
            1,
            "plug-in half.py: line 9: ZeroDivisionError: division by zero",
        ),
    ],
)
def test_a_mistake_in_a_detector_of_ones_own_is_told_at_its_line(
    small_batadal: Path, tmp_path: Path, body: str, status: int, told: str
) -> None:
    (tmp_path / "half.py").write_text(
        "from detector import register\n"
        "from detector.methods.windowed import WindowDetector\n\n"
        f'@register("half")\nclass Half(WindowDetector):\n    {body}\n'
    )
    words = ("--data", small_batadal, "--detectors", "half", "--plugin", "half.py")
    done = hydrotwin_alone("batadal", *words, cwd=tmp_path)
    assert done.returncode == status
    assert told in done.stderr
    assert "Traceback" not in done.stderr
