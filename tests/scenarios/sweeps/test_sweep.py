import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock

import scenarios
from scenarios.simulation.cache import code_digest
from scenarios.sweeps import job
from scenarios.sweeps.job import CODE
from scenarios.sweeps.journal import RECORDS, Journal
from scenarios.sweeps.progress import Display
from scenarios.sweeps.summary import summary
from scenarios.sweeps.sweep_file import read_sweep, studies
from scenarios.sweeps.table import attributes, figures
from tests.scenarios.measure import README, results_table
from twin.errors import InputError, RunError

ROOT = Path(__file__).parents[3]
FILE = """\
base: mine.yaml
set: {duration: 3 h}
over:
  seed: {range: [0, 3]}
  attacks.spoof.do.offset.by: [-1.5, 1.5]
"""
BASE = """\
name: mine
duration: 7 d
warmup: 0 h
detector: null
attacks:
  - {name: spoof, on: "sensor:L_T1", do: {offset: {by: -3.0}}, when: {from: 1 h}}
"""
COMMAND = [sys.executable, "-c", "from scenarios.cli import main; main()", "sweep"]


@pytest.fixture
def place(tmp_path):
    (tmp_path / "mine.yaml").write_text(BASE)
    (tmp_path / "sweep.yaml").write_text(FILE)
    return tmp_path


def written(place, text):
    (place / "sweep.yaml").write_text(text)
    return read_sweep(place / "sweep.yaml")


def test_a_file_expands_in_order(place):
    swept = read_sweep(place / "sweep.yaml")
    assert len(swept) == 6
    assert [row["seed"] for row in swept.rows()] == [0, 0, 1, 1, 2, 2]
    varied = swept.scenario(3)
    assert (varied.seed, varied.duration, varied.attacks[0].do.by) == (1, 3 * 3600, 1.5)


def test_the_studies_are_as_large_as_they_say():
    assert len(studies()) == 6
    for name in studies():
        swept = read_sweep(Path(name))
        said = re.search(r"= (\d+) runs", swept.source[0].read_text(encoding="utf-8"))
        assert len(swept) == int(said[1]), name


@pytest.mark.slow
@pytest.mark.parametrize("name", studies())
def test_every_run_of_a_study_can_be_armed(name):
    read_sweep(Path(name)).check()


def test_an_entry_stands_in_the_table_as_its_name(place):
    entry = {"name": "lie", "on": "sensor:L_T2", "do": {"zero": {}}}
    kinds = [{"zero": {}}, {"offset": {"by": 1.0}}]
    swept = scenarios.sweep(place / "mine.yaml", {"attacks.0": [entry]})
    assert [row["attacks.0"] for row in swept.rows()] == ["lie"]
    swept = scenarios.sweep(place / "mine.yaml", {"attacks.spoof.do": kinds})
    assert [row["attacks.spoof.do"] for row in swept.rows()] == ["zero", "{offset: {by: 1.0}}"]


def test_noise_has_the_unit_of_the_tags_it_is_on(place):
    values = {f"control.sensors.{tags}.noise": [0.0, 0.1] for tags in ("L_*", "F_*", "*")}
    swept = scenarios.sweep(place / "mine.yaml", values)
    assert list(swept.units().values()) == ["m", "L/s", ""]


def test_several_scenarios_includes_and_excludes(place):
    text = FILE.replace("base: mine.yaml", "base: [mine.yaml, normal]").replace(
        "  attacks.spoof.do.offset.by: [-1.5, 1.5]\n", "  warmup: [0 h, 1 h]\n"
    )
    swept = written(
        place, text + "include: [{seed: 9}]\nexclude: [{seed: 1, warmup: 1 h}, {seed: 2}]\n"
    )
    rows = [(row["scenario"], row["seed"], row["warmup"]) for row in swept.rows()]
    assert rows[:3] == [("mine", 0, 0.0), ("mine", 0, 1.0), ("mine", 1, 0.0)]
    assert rows[3:6] == [("normal", 0, 0.0), ("normal", 0, 1.0), ("normal", 1, 0.0)]
    assert rows[6:] == [("mine", 9, 0.0), ("normal", 9, 168.0)]


@pytest.mark.parametrize(
    ("old", "new", "where", "told"),
    [
        ("over:", "ovr:", "3:1", "did you mean over?"),
        ("mine.yaml", "mien.yaml", "1:1", "did you mean"),
        ("{range: [0, 3]}", "{rnage: [0, 3]}", "4:10", "did you mean range?"),
        ("  seed", "  sede", "4:3", "did you mean seed?"),
        ("spoof.do", "spoofs.do", "5:3", "did you mean spoof?"),
        ("offset.by", "offset.bye", "5:", "did you mean by?"),
        ("[-1.5, 1.5]", "[-1.5, much]", "5:38", "much"),
        ("duration: 3 h", "duratoin: 3 h", "2:7", "did you mean duration?"),
        ("duration: 3 h", "duration: 3 hh", "2:7", "unknown unit"),
        ("over:", "exclude: [{sed: 1}]\nover:", "3:", "did you mean seed?"),
        ("over:", "exclude: [{seed: 7}]\nover:", "3:", "never 7"),
        ("{range: [0, 3]}", "[0, 1, 0]", "4:16", "0 stands twice in seed"),
        ("{range: [0, 3]}", "{choice: [0, 1], n: 4}", "4:10", "stands twice in seed"),
        ("seed: {range: [0, 3]}", "warmup: [1 d, 24 h]", "4:17", "24 h stands twice"),
        ("{duration: 3 h}", "{duration: 3 h, seed: 3}", "2:22", "swept in `over`"),
        ("over:", "include: [{sede: 7}]\nover:", "3:", "did you mean seed?"),
        ("over:", "detectors: [cnn-ltsm]\nover:", "3:13", "cnn-lstm"),
        ("do.offset.by: [-1.5, 1.5]", "on: ['sensor:L_T1', 'sensor:L_T99']", "5:37", "L_T99"),
    ],
)  # fmt: skip
def test_mistakes_are_answered_with_their_place(place, old, new, where, told):
    with pytest.raises(InputError) as raised:
        written(place, FILE.replace(old, new)).check()
    message = str(raised.value)
    assert f"sweep.yaml:{where}" in message
    assert told in message


def test_a_wrong_detector_of_the_scenario_is_told_at_its_own_line(place):
    (place / "mine.yaml").write_text(BASE.replace("detector: null", "detector: physic"))
    with pytest.raises(InputError) as raised:
        written(place, FILE).check()
    assert "mine.yaml:4:1: unknown detector 'physic'" in str(raised.value)
    assert "Did you mean 'physics'?" in str(raised.value)


def test_every_run_is_checked_before_any_runs(place):
    swept = written(
        place, FILE + "  attacks.spoof.when.from: [1 h, 5 h]\n  attacks.spoof.when.to: [2 h, 7 h]\n"
    )
    with pytest.raises(InputError, match=r"sweep\.yaml"):
        swept.run(out=place / "out", workers=1, progress=False)


def test_no_workers_are_refused(place):
    with pytest.raises(InputError, match="from 1 on, not 0"):
        read_sweep(place / "sweep.yaml").run(workers=0, progress=False)


def test_the_progress_of_a_sweep_ends_with_its_line(capsys):
    with Display(1, 0, 1, shown=True):
        pass
    assert capsys.readouterr().err.endswith("\n")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return the folder of a sweep that nothing disturbed, with two failing runs in it."""
    place = tmp_path_factory.mktemp("sweep")
    (place / "mine.yaml").write_text(BASE)
    (place / "sweep.yaml").write_text(FILE)
    done = command(place, "calm", "--workers", "1", "--json")
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert {k: counts[k] for k in ("runs", "done", "failed", "skipped")} == {
        "runs": 6, "done": 6, "failed": 0, "skipped": 0,
    }  # fmt: skip
    return place


def command(place, out, *options):
    arguments = [*COMMAND, "sweep.yaml", "--out", out, *options]
    return subprocess.run(arguments, cwd=place, env=environment(), capture_output=True, text=True)


def environment():
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}


def table_bytes(place, out):
    return (place / out / "results.parquet").read_bytes()


def test_what_is_done_is_not_done_again(undisturbed):
    before = table_bytes(undisturbed, "calm")
    done = command(undisturbed, "calm", "--json")
    counts = json.loads(done.stdout)
    assert (counts["done"], counts["skipped"]) == (0, 6)
    assert table_bytes(undisturbed, "calm") == before


def test_all_code_that_a_worker_loads_is_in_a_runs_hash(place):
    code = (
        "import sys\nfrom scenarios.definition.schema import load\n"
        "from scenarios.sweeps.job import execute, job_of\n"
        "scenario = load('mine.yaml').vary('duration', '3 h')\n"
        "record = execute(job_of(scenario, ['pca'], 'keep', '.'))\n"
        "assert record['rows'][0]['status'] == 'done', record\n"
        "print(*(m.__file__ for m in list(sys.modules.values()) if getattr(m, '__file__', None)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, env=environment(), capture_output=True, text=True
    )
    loaded = [Path(name) for name in done.stdout.split()]
    ours = {path.relative_to(ROOT) for path in loaded if path.is_relative_to(ROOT)}
    ours = {path for path in ours if ".venv" not in path.parts and path.name != "__init__.py"}
    assert Path("scenarios/results/damage.py") in ours, done.stderr
    assert [path for path in ours if not any(path.is_relative_to(each) for each in CODE)] == []


@pytest.mark.parametrize("changed", ["scenarios/sweeps/table.py", "scenarios/results/damage.py"])
def test_no_run_counts_as_done_once_the_code_of_its_row_changed(place, monkeypatch, changed):
    root = place / "tree"
    for each in CODE:
        (root / each).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / each).is_dir() else shutil.copy2
        copy(ROOT / each, root / each)
    scenario = read_sweep(place / "sweep.yaml").scenario(0)
    key = job.job_of(scenario, [None]).key
    monkeypatch.setattr(job, "__file__", str(root / "scenarios/sweeps/job.py"))
    assert job.job_of(scenario, [None]).key == key
    with (root / changed).open("a", encoding="utf-8") as file:
        file.write("# another way to count\n")
    code_digest.cache_clear()
    assert job.job_of(scenario, [None]).key != key


def test_rows_are_what_single_runs_give(undisturbed):
    swept = read_sweep(undisturbed / "sweep.yaml")
    row = pd.read_parquet(undisturbed / "calm" / "results.parquet").iloc[3]
    run = scenarios.run(swept.scenario(3), watch=False)
    for name, value in figures(run).items():
        assert pd.isna(row[name]) if value is None else row[name] == value, name
    assert (row["run"], row["seed"], row["attacks.spoof.do.offset.by"]) == (3, 1, 1.5)


def children(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def workers_of(pid):
    """Return the worker processes of a sweep's driver."""
    found = []
    for child in children(pid):
        line = Path(f"/proc/{child}/cmdline")
        if line.exists() and b"spawn_main" in line.read_bytes():
            found.append(child)
    return found


def records_in(folder):
    path = folder / RECORDS
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_until(holds, seconds=120):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc")
def test_killed_workers_and_drivers_change_no_byte(undisturbed):
    for kills in (1, 3):  # the driver is killed after so many runs
        driver = subprocess.Popen(
            [*COMMAND, "sweep.yaml", "--out", "killed", "--workers", "2"],
            cwd=undisturbed, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        with driver:
            wait_until(lambda n=kills: records_in(undisturbed / "killed") >= n)
            workers = workers_of(driver.pid)
            if workers and driver.poll() is None:
                os.kill(workers[0], signal.SIGKILL)
                time.sleep(0.3)
            driver.kill()
        for worker in workers:
            wait_until(lambda pid=worker: not alive(pid), 30)
    with (undisturbed / "killed" / RECORDS).open("ab") as records:
        records.write(b'{"key": "half a rec')
    done = command(undisturbed, "killed", "--workers", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["skipped"] >= 1
    assert table_bytes(undisturbed, "killed") == table_bytes(undisturbed, "calm")


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def cluster(tmp_path):
    """Start a scheduler and two workers, each a process, on the loopback; yield what kills one."""
    pytest.importorskip("distributed", reason="Dask is not installed: pip install '.[cluster]'")
    port_file = tmp_path / "scheduler.json"
    run = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-jupyter"]
    quiet = {"env": environment(), "cwd": tmp_path, "stdout": subprocess.DEVNULL,
             "stderr": subprocess.DEVNULL}  # fmt: skip
    processes = [subprocess.Popen([*run, *options, "--scheduler-file", str(port_file)], **quiet)]
    try:
        wait_until(lambda: port_file.exists() and port_file.read_text().endswith("}"))
        address = json.loads(port_file.read_text())["address"]
        worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1",
                  "--no-nanny", "--no-dashboard"]  # fmt: skip
        processes += [subprocess.Popen(worker, **quiet) for _ in range(2)]
        yield address, processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_dask_gives_the_same_bytes_though_a_worker_and_the_driver_are_killed(undisturbed, cluster):
    address, processes = cluster
    arguments = [*COMMAND, "sweep.yaml", "--out", "dask", "--dask", address]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(arguments, cwd=undisturbed, env=environment(), **quiet) as driver:
        wait_until(lambda: records_in(undisturbed / "dask") >= 1 or driver.poll() is not None)
        processes[1].kill()
        time.sleep(0.3)
        driver.kill()
    done = command(undisturbed, "dask", "--dask", address, "--json")
    assert done.returncode == 0, done.stderr
    assert table_bytes(undisturbed, "dask") == table_bytes(undisturbed, "calm")


PLUGIN = """\
from dataclasses import dataclass
from pathlib import Path
from attacks import Attack, register
@register('sometimes-breaks')
@dataclass(frozen=True, kw_only=True)
class Breaks(Attack):
    by: float = 0.0
    def tamper(self, reading):
        if self.by > 1 and not Path('mended').exists():
            raise ZeroDivisionError('by design')
        return reading.with_value(reading.value + self.by)
"""


def test_a_failing_run_is_told_stops_nothing_and_is_retried(place):
    (place / "mine.py").write_text(PLUGIN)
    base = BASE.replace("offset: {by: -3.0}", "sometimes-breaks: {}") + "plugins: [mine.py]\n"
    (place / "mine.yaml").write_text(base)
    (place / "sweep.yaml").write_text(
        "base: mine.yaml\nset: {duration: 2 h}\n"
        "over: {attacks.spoof.do.sometimes-breaks.by: [0.5, 2.0, 1.0]}\n"
    )
    done = command(place, "out", "--workers", "1", "--json")
    assert done.returncode == 1, done.stderr
    counts = json.loads(done.stdout)
    assert (counts["done"], counts["failed"]) == (2, 1)
    table = pd.read_parquet(place / "out" / "results.parquet")
    assert list(table["status"]) == ["done", "failed", "done"]
    assert "by design" in table["error"][1]
    told = command(place, "out").stdout
    assert "failed, 1 of 3 runs: " in told and "by design" in told
    (place / "mended").touch()
    again = json.loads(command(place, "out", "--json").stdout)
    assert (again["done"], again["failed"], again["skipped"]) == (0, 1, 2)
    mended = json.loads(command(place, "out", "--retry-failed", "--json").stdout)
    assert (mended["done"], mended["failed"], mended["skipped"]) == (1, 0, 2)


@pytest.mark.slow
def test_from_python_with_a_detector_and_streams(place, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    base = scenarios.load(place / "mine.yaml").vary("duration", "30 h")
    swept = scenarios.sweep(base, {"seed": [0]}, detectors=["pca", "cnn-lstm"])
    table = swept.run(place / "out", workers=1, streams="keep", progress=False)
    assert list(table["detector"]) == ["pca", "cnn-lstm"]
    assert table["alarms"].notna().all()
    (kept,) = (place / "out" / "runs").iterdir()
    run = scenarios.open_run(kept)
    assert run.hours == 30.0
    assert set(run.scores["detector"]) == {"pca", "cnn-lstm"}
    for place_of, name in enumerate(table["detector"]):
        row, alone = table.iloc[place_of], scenarios.run(base.vary("detector", name))
        for column, value in figures(alone).items():
            assert pd.isna(row[column]) if value is None else row[column] == value, column
    thin = scenarios.sweep(base, {"seed": [0]}, detectors=[])
    thin.run(place / "thin", workers=1, streams="hourly", progress=False)
    (folder,) = (place / "thin" / "runs").iterdir()
    assert len(pd.read_parquet(folder / "scada.parquet")) == 30
    assert not (folder / "plc.parquet").exists()


def test_two_sweeps_in_one_folder(place):
    with Journal(place / "out"):
        done = command(place, "out")
    assert done.returncode == 2
    assert "another sweep is writing here" in done.stderr


def test_folders_that_cannot_be_used(place):
    (place / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        Journal(place / "file")
    with pytest.raises(InputError, match="cannot be written"):
        Journal(place / "file" / "below")
    with pytest.raises(InputError, match="holds something else"):
        Journal(place)


def test_a_full_disk_loses_no_record(place, monkeypatch):
    record = {"key": "a", "rows": [{"detector": None, "status": "done"}], "wall_s": 0, "host": ""}
    with Journal(place / "out") as journal:
        journal.add(record)

        class Full:
            def __getattr__(self, name):
                return getattr(file, name)

            def write(self, line):
                file.write(line[:5])
                raise OSError(28, "No space left on device")

        file, journal._file = journal._file, Full()
        with pytest.raises(RunError, match=r"No space left on device. 1 runs are kept"):
            journal.add(record | {"key": "b"})
        journal._file = file
    with Journal(place / "out") as journal:
        assert "a" in journal
        assert "b" not in journal


def test_a_record_of_a_lost_worker_is_done_again(place):
    row = {"detector": None, "status": "failed"}
    with Journal(place / "out") as journal:
        journal.add({"key": "a", "rows": [row], "lost": True})
        assert "a" in journal
    with Journal(place / "out") as journal:
        assert "a" not in journal


def test_the_lock_is_of_the_folder(place):
    with Journal(place / "out"):
        pass
    with FileLock(place / "out" / ".lock", timeout=0):
        pass


def test_the_columns_are_those_of_the_attribute_table(undisturbed):
    table = pd.read_parquet(undisturbed / "calm" / "results.parquet")
    plain = [each.name for each in attributes() if "<" not in each.name]
    assert [name for name in table.columns if name in plain] == plain
    known = set(plain) | {"seed", "attacks.spoof.do.offset.by"}
    heads = tuple(e.name.partition("<")[0] for e in attributes() if e.name.endswith("_<counter>"))
    assert all(name in known or name.startswith(heads) for name in table.columns)
    times = pd.read_parquet(undisturbed / "calm" / "timings.parquet")
    assert [e.name for e in attributes("timings")][:5] == list(times.columns)[:5]
    assert len(times) == len(table) == 6


def test_the_readme_lists_the_columns():
    assert results_table() in README.read_text(encoding="utf-8")


def test_results_are_summarised_and_exported(undisturbed):
    table = pd.read_parquet(undisturbed / "calm" / "results.parquet")
    by_seed = summary(table, ["seed"])
    assert list(by_seed["seed"]) == [0, 1, 2]
    assert list(by_seed["runs"]) == [2, 2, 2]
    with pytest.raises(InputError, match=r"did you mean seed\?"):
        summary(table, ["sede"])
    export = [*COMMAND[:-1], "results", "calm", "--by", "seed", "--csv", "by.csv", "--json"]
    done = subprocess.run(
        export, cwd=undisturbed, env=environment(), capture_output=True, text=True
    )
    assert [row["seed"] for row in json.loads(done.stdout)] == [0, 1, 2]
    assert len(pd.read_csv(undisturbed / "by.csv")) == 3
    narrow = {**environment(), "COLUMNS": "20"}
    shown = subprocess.run(
        [*COMMAND[:-1], "results", "calm", "--by", "attacks.spoof.do.offset.by"],
        cwd=undisturbed, env=narrow, capture_output=True, text=True, encoding="utf-8",
    ).stdout  # fmt: skip
    assert {"offset", "by", "runs", "energy"} <= {*shown.split()}  # no word is broken


def test_a_dry_run_lists_and_estimates_and_writes_nothing(undisturbed):
    done = command(undisturbed, "dry", "--dry-run", "--json")
    planned = json.loads(done.stdout)
    assert len(planned["runs"]) == 6
    assert planned["estimate"]["pairs"] == 3
    assert planned["estimate"]["seconds"] > 0
    assert not (undisturbed / "dry").exists()


def test_no_worker_imports_torch_where_no_network_watches(place):
    code = (
        "import sys\nfrom scenarios.sweeps.job import execute, job_of\n"
        "from scenarios.sweeps.sweep_file import read_sweep, studies\n"
        "swept = read_sweep(__import__('pathlib').Path('sweep.yaml'))\n"
        "record = execute(job_of(swept.scenario(0), [None]))\n"
        "assert record['rows'][0]['status'] == 'done', record\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, env=environment(), capture_output=True, text=True
    )
    assert done.stdout == "False\n", done.stderr
