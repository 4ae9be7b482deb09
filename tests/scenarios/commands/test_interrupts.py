"""Ctrl-C, at moments of every long command: one line, exit status 1, and what was done is kept."""

import importlib
import json
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from detector.records.record import Record
from scenarios.cli import app
from scenarios.experiments.dataset import write
from tests.twin.drafting.test_draft import LIBRARY
from twin.plants.spec import load_plant

SCENARIO = """\
name: mine
duration: 6 h
warmup: 24 h
detector:
"""
ATTACK = "attacks: [{on: sensor:L_T6, do: {offset: {by: 1.0}}, when: {from: 1 h}}]\n"


@pytest.fixture
def here(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDROTWIN_CACHE", str(tmp_path_factory.mktemp("cache") / "pairs"))
    (tmp_path / "mine.yaml").write_text(SCENARIO)
    (tmp_path / "attacked.yaml").write_text(SCENARIO + ATTACK)
    return tmp_path


@pytest.fixture
def press(monkeypatch):
    """Let Ctrl-C be pressed when a function, `module:name`, is called for the n-th time."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def at(target, call=1):
        module, _, name = target.rpartition(":")
        owner, _, attribute = name.rpartition(".")
        holder = importlib.import_module(module)
        holder = getattr(holder, owner) if owner else holder
        real, calls = getattr(holder, attribute), []

        def pressed(*args, **options):
            calls.append(1)
            if len(calls) == call:
                signal.raise_signal(signal.SIGINT)
            return real(*args, **options)

        monkeypatch.setattr(holder, attribute, pressed)

    yield at
    signal.signal(signal.SIGINT, before)


def hydrotwin(*args):
    with pytest.raises(SystemExit) as done:
        app([str(each) for each in args])
    return done.value.code


@pytest.fixture
def record(here):
    """Write a fortnight of a record; what stands in it does not matter."""
    tags = load_plant("ctown").tag_names
    rows = np.random.default_rng(0).uniform(0.0, 1.0, (14 * 24, len(tags)))
    hours = pd.date_range("2014-01-06", periods=len(rows), freq="h")
    table = pd.DataFrame(rows, columns=list(tags), index=hours)
    write(Record(here / "record.csv", table, np.zeros(len(rows), dtype=np.int64)))


EARLY = [
    (["run", "mine.yaml"], "twin.water.plant:Plant.solve", "nothing was recorded yet"),
    (["run", "attacked.yaml"], "twin.water.plant:Plant.solve", "nothing was recorded yet"),
    (["run", "mine.yaml"], "scenarios.definition.schema:load", "stopped before it was done"),
    (["compare", "attacked.yaml"], "twin.water.plant:Plant.solve", "nothing was recorded yet"),
    (["plant", "new", LIBRARY / "Net1.inp", "--out", "town"], "twin.drafting.draft:_run_dry",
     "stopped before it was done"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "target", "says"), EARLY)
def test_it_ends_with_one_line_and_status_1_and_leaves_nothing(
    here, press, capfd, args, target, says
):
    before = sorted(here.iterdir())
    press(target)
    assert hydrotwin(*args) == 1
    assert capfd.readouterr().err == f"interrupted: {says}\n"
    assert sorted(here.iterdir()) == before


WITH_RECORD = [
    (["fidelity", "--against", "record.csv", "--days", 2], "twin.water.plant:Plant.solve"),
    (["demand", "fit", "record.csv", "--out", "d.csv"], "twin.shadow.inference:Inference.explain"),
    (["train", "record.csv", "--out", "m.safetensors"], "detector.networks.train:_loss"),
    (
        ["batadal", "reenact", 3, "--data", "record.csv"],
        "scenarios.validation.plant_record:read_record",
    ),
]


@pytest.mark.parametrize(("args", "target"), WITH_RECORD)
def test_work_on_a_record_ends_so_too(here, record, press, capfd, args, target):
    press(target)
    assert hydrotwin(*args) == 1
    assert capfd.readouterr().err.splitlines()[-1] == "interrupted: stopped before it was done"
    files = [path.name for path in here.rglob("*") if path.is_file()]
    assert sorted(files) == ["attacked.yaml", "mine.yaml", "record.csv"]


@pytest.mark.parametrize(
    ("target", "call", "hours", "reason"),
    [
        # The run without the attack comes first, with 72 rows.
        ("twin.testbed:Testbed._record_truth", 72 + 25, 2, "stopped by the user"),
        ("scenarios.results.labels:Labels.table", 1, 6, "stopped by the user after its end"),
        ("scenarios.report.pictures:plot_pumps", 1, 6, "stopped by the user at its pictures"),
    ],
)
def test_a_run_keeps_what_it_recorded(here, press, capfd, target, call, hours, reason):
    press(target, call)
    assert hydrotwin("run", "attacked.yaml", "--out", "made") == 1
    said = capfd.readouterr()
    assert said.err == f"interrupted: made holds the {hours} h recorded by then\n"
    assert "The run was interrupted" in said.out
    metrics = json.loads((here / "made" / "metrics.json").read_text())
    assert (metrics["status"], metrics["hours"]) == ("interrupted", hours)
    assert metrics["reason"] == reason
    assert len(pd.read_parquet(here / "made" / "truth.parquet")) == hours * 12
    assert (here / "made" / "report.html").is_file()


def test_a_training_keeps_its_best_epoch(here, record, press, capfd):
    press("detector.networks.train:_loss", 3)
    assert hydrotwin("train", "record.csv", "--out", "m.safetensors") == 1
    last = capfd.readouterr().err.splitlines()[-1]
    assert last == "interrupted: the weights of the best epoch so far are kept"
    assert (here / "m.safetensors").is_file()


BEGIN = """
import signal
from scenarios.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


def process(code, *args):
    """Run the command in a process of its own, with something changed in it."""
    command = [sys.executable, "-c", f"{BEGIN}{code}\nmain()", *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("by", ["SIGINT", "SIGTERM"])
def test_the_command_itself_says_so_without_a_traceback(here, by):
    done = process(
        "import scenarios.definition.schema as schema\n"
        f"schema.load = lambda name: signal.raise_signal(signal.{by})",
        "run",
        "normal",
    )
    assert done.returncode == 1
    assert done.stderr == "interrupted: stopped before it was done\n"


def test_a_run_that_is_told_to_terminate_keeps_what_it_recorded(here):
    done = process(
        "from twin.testbed import Testbed\n"
        "record, at = Testbed._record_truth, []\n"
        "def recorded(bed, now):\n"
        "    at.append(now)\n"
        "    if len(at) == 25:\n"
        "        signal.raise_signal(signal.SIGTERM)\n"
        "    record(bed, now)\n"
        "Testbed._record_truth = recorded",
        *("run", "mine.yaml", "--no-detector", "--out", "made"),
    )
    assert done.returncode == 1
    assert done.stderr == "interrupted: made holds the 2 h recorded by then\n"
    assert json.loads((here / "made" / "metrics.json").read_text())["status"] == "interrupted"
    assert len(pd.read_parquet(here / "made" / "truth.parquet")) == 24
