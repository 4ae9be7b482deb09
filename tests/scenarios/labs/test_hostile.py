"""A hand-in that crashes, loops, forks, fills the disk or is not its student's: none, and go on."""

import os
import sys
import time
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from scenarios.cli import app
from scenarios.labs import catch_it, sandbox
from scenarios.labs.course import lab_of
from scenarios.labs.examination import examine
from scenarios.labs.grading import CARD, grade, read_card, start, write_card
from twin.errors import InputError

KEY = b"a course key of the tests"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="only time is limited on Windows")
PROC = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="processes that leave are found by /proc"
)


def folder_of(lab, student, place):
    return start(lab_of(lab), student, KEY, place)


def program(text, tmp_path, seconds=20.0):
    (tmp_path / "theirs.py").write_text(text, encoding="utf-8")
    return sandbox.run_python(["theirs.py"], tmp_path, seconds=seconds)


def test_a_crash_is_told(tmp_path):
    outcome = program("raise ValueError('broken here')", tmp_path)
    assert outcome.status == 1
    assert outcome.output.endswith("ValueError: broken here")


def test_an_endless_loop_is_stopped(tmp_path):
    outcome = program("while True: pass", tmp_path, seconds=2.0)
    assert outcome.why == "stopped after 2 s"


def test_endless_output_is_cut(tmp_path):
    outcome = program("while True: print('x' * 1000)", tmp_path, seconds=3.0)
    assert outcome.why or outcome.status != 0
    assert len(outcome.output) <= 2000


@POSIX
def test_a_large_file_is_not_written(tmp_path):
    outcome = program(
        "with open('big', 'wb') as file:\n"
        "    for _ in range(10000):\n"
        "        file.write(bytes(2**20))\n",
        tmp_path,
    )
    assert outcome.status != 0
    assert (tmp_path / "big").stat().st_size <= sandbox.FILE


@POSIX
def test_too_much_memory_is_refused(tmp_path):
    outcome = program("held = bytearray(10 * 2**30)", tmp_path)
    assert outcome.status == 1
    assert "MemoryError" in outcome.output


@POSIX
def test_what_it_started_is_stopped_with_it(tmp_path):
    text = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('child', 'w').write(str(child.pid))\n"
        "child.wait()\n"
    )
    outcome = program(text, tmp_path, seconds=3.0)
    assert outcome.why
    child = int((tmp_path / "child").read_text())
    until = time.monotonic() + 20.0
    while runs(child):
        assert time.monotonic() < until, f"process {child} still runs"
        time.sleep(0.05)


def runs(pid):
    """Return whether a process runs; one that is over and was asked by nobody does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


LEAVING = {
    "a child of a child": "subprocess.run([sys.executable, '-c', NAP])",
    "a child in a session of its own": "subprocess.run(['true']); nap(start_new_session=True)",
    "a child whose parent is over": "os.fork() or (os.setsid(), os.fork() or time.sleep(600))",
    "many, to the last moment": "[nap(start_new_session=True) for _ in iter(lambda: 0, 1)]",
}
NAPS = """\
import os, subprocess, sys, time
NAP = "import time; time.sleep(600)"
def nap(**words):
    time.sleep(0.2)
    return subprocess.Popen([sys.executable, "-S", "-c", NAP], **words)
{text}
time.sleep(600)
"""


@PROC
@pytest.mark.parametrize("name", LEAVING)
def test_who_leaves_the_group_is_stopped_too(name, tmp_path):
    outcome = program(NAPS.format(text=LEAVING[name]), tmp_path, seconds=4.0)
    assert outcome.why
    assert not here(tmp_path)


@PROC
def test_a_sandbox_in_a_sandbox_is_stopped_with_it(tmp_path):
    text = (
        "from pathlib import Path\n"
        "from scenarios.labs import sandbox\n"
        "sandbox.run(['sleep', '600'], Path(), seconds=600.0)\n"
    )
    assert program(text, tmp_path, seconds=3.0).why
    assert not here(tmp_path)


@PROC
def test_a_sandbox_in_a_sandbox_ends_alone(tmp_path):
    text = (
        "from pathlib import Path\n"
        "from scenarios.labs import sandbox\n"
        "print(sandbox.run(['sleep', '600'], Path(), seconds=0.5).why)\n"
    )
    assert program(text, tmp_path).output == "stopped after 0.5 s"


def here(folder):
    """Return the processes that run in a folder."""
    told = psutil.process_iter(["cwd", "status"])
    running = [process for process in told if process.info["status"] != psutil.STATUS_ZOMBIE]
    return [process for process in running if process.info["cwd"] == str(folder)]


@POSIX
@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root has no limit")
def test_a_fork_bombs_first_step_fails(tmp_path):
    text = "import os, time\nfor _ in range(200):\n    os.fork() or time.sleep(9)"
    outcome = program(text, tmp_path)
    assert outcome.status != 0


def test_its_environment_holds_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_TOKEN", "secret")
    outcome = program("import os; print(sorted(os.environ))", tmp_path)
    assert "COURSE_TOKEN" not in outcome.output


def test_files_of_a_hand_in_shadow_no_module_of_the_grader(tmp_path):
    folder = folder_of("hide-it", "s1", tmp_path)
    for name in ("json.py", "numpy.py", "twin.py"):
        (folder / name).write_text("open('ran', 'w'); raise SystemExit(3)", encoding="utf-8")
    (mark,) = grade(folder, KEY, 1)
    assert "begin" not in mark.why
    assert "spilled" in mark.verdicts["damage"].why
    assert not (folder / "ran").exists()


def test_a_hand_in_with_links_or_too_much_is_refused(tmp_path):
    folder = folder_of("hide-it", "s1", tmp_path)
    with (folder / "big.bin").open("wb") as file:
        file.truncate(10 * 2**30)  # takes no room
    (mark,) = grade(folder, KEY, 1)
    assert (mark.mark, "20 MB" in mark.why) == (0.0, True)
    (folder / "big.bin").unlink()
    try:
        (folder / "keys").symlink_to(tmp_path)
    except OSError:
        pytest.skip("no right to make links here")
    with pytest.raises(InputError, match="link"), sandbox.copied(folder):
        pass


def test_a_scenarios_plugins_are_not_run(tmp_path):
    folder = folder_of("hide-it", "s1", tmp_path)
    (folder / "mine.py").write_text("open('ran', 'w')", encoding="utf-8")
    path = folder / "attack.yaml"
    path.write_text(path.read_text() + "plugins: [mine.py]\n", encoding="utf-8")
    verdicts = examine(lab_of("hide-it"), folder, read_card(folder)["draws"], [1])
    assert "plug-ins are code" in verdicts["damage"].why
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("name", ["/etc/passwd", "../lab4-s2/attack.yaml", "a\\..\\b"])
def test_a_file_outside_its_folder_is_refused(name, tmp_path):
    folder = folder_of("hide-it", "s1", tmp_path)
    text = f"name: x\nduration: 4 d\nplant: '{name}'\n"
    (folder / "attack.yaml").write_text(text, encoding="utf-8")
    verdicts = examine(lab_of("hide-it"), folder, read_card(folder)["draws"], [1])
    assert "outside" in verdicts["damage"].why


def test_the_grader_goes_on_after_each(tmp_path):
    for student in ("a", "b", "c", "d", "e"):
        folder_of("evade", student, tmp_path)
    (tmp_path / "lab6-a" / "attack.yaml").write_bytes(b"\xff\x00{[")
    (tmp_path / "lab6-b" / CARD).write_text("nothing: here\n")
    card = read_card(tmp_path / "lab6-c")
    write_card(tmp_path / "lab6-c" / CARD, card | {"student": "a"})
    (tmp_path / "lab6-d" / "attack.yaml").unlink()
    write_card(tmp_path / "lab6-e" / CARD, read_card(tmp_path / "lab6-e") | {"lab": "none-such"})
    marks = list(grade(tmp_path, KEY, 1))
    assert [mark.mark for mark in marks] == [0.0] * 5
    reasons = [mark.why or mark.verdicts["damage"].why for mark in marks]
    assert all(reasons)
    assert reasons[0].startswith("attack.yaml")  # named as the student names it
    assert "the card in lab6-c is a's" in reasons[2]
    assert "no lab 'none-such'" in reasons[4]


DETECTORS = {
    "crash": ("raise KeyError('AI1')", "KeyError"),
    "shape": ("THRESHOLD = 1\ndef score(frames): return [1.0]", "one number a frame"),
    "none": ("THRESHOLD = 1", "has no score"),
    "forged": (
        "import sys, numpy\nfrom pathlib import Path\n"
        "for path in Path(sys.argv[2]).glob('*.parquet'):\n"
        "    numpy.save(path.with_suffix('.npy'), numpy.array([print], dtype=object))\n"
        "raise SystemExit(0)",
        "left no scores",
    ),
}


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_that_breaks_gets_none(name, tmp_path, weeks):
    text, words = DETECTORS[name]
    folder = folder_of("catch-it", "s1", tmp_path)
    (folder / "detector.py").write_text(text, encoding="utf-8")
    verdicts = examine(lab_of("catch-it"), folder, read_card(folder)["draws"], [1])
    assert words in verdicts["found"].why
    assert all(verdict.share == 0.0 for verdict in verdicts.values())


def test_a_detector_that_never_ends_gets_none(tmp_path, weeks, monkeypatch):
    monkeypatch.setattr(catch_it, "_SCORING_S", 3.0)
    folder = folder_of("catch-it", "s1", tmp_path)
    (folder / "detector.py").write_text("while True: pass", encoding="utf-8")
    verdicts = examine(lab_of("catch-it"), folder, read_card(folder)["draws"], [1])
    assert "stopped after 3 s" in verdicts["found"].why
    assert all(verdict.share == 0.0 for verdict in verdicts.values())


@pytest.mark.parametrize("text", ["np.ones(len(frames))", "np.arange(len(frames)) % 80"])
def test_alarming_always_or_now_and_then_gets_none(text, tmp_path, weeks):
    folder = folder_of("catch-it", "s1", tmp_path)
    code = f"import numpy as np\nTHRESHOLD = 0.5\ndef score(frames): return 1.0 * ({text} == 1)\n"
    (folder / "detector.py").write_text(code, encoding="utf-8")
    verdicts = examine(lab_of("catch-it"), folder, read_card(folder)["draws"], [1])
    assert all(verdict.share == 0.0 for verdict in verdicts.values())


@pytest.mark.parametrize("command", [("scenarios", "check"), ("run", "--dry-run")])
def test_whose_code_a_scenario_runs_is_said_before(command, tmp_path):
    (tmp_path / "mine.py").write_text("raise SystemExit('it ran')", encoding="utf-8")
    path = tmp_path / "x.yaml"
    path.write_text("name: x\nduration: 1 d\nplugins: [mine.py]\n", encoding="utf-8")
    done = CliRunner().invoke(app, [*command, str(path)])
    assert "runs Python code with your rights, its plug-ins: " in done.output
    assert "mine.py" in done.output
    assert done.exit_code != 0
