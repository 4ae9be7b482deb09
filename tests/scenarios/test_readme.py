"""What the README tells people to write works as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from attacks.discovery import kinds
from scenarios.definition.check import check
from scenarios.definition.schema import load

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def text():
    if not README.is_file():
        pytest.skip("README.md is not beside the tests")
    return README.read_text(encoding="utf-8")


def block(text, language, word):
    blocks = re.findall(rf"```{language}\n(.*?)```", text, re.S)
    return next(found for found in blocks if word in found)


def test_the_scenario_can_be_loaded(text, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(block(text, "yaml", "attacks:"))
    scenario = load(path)
    assert [entry.do.kind for entry in scenario.attacks] == ["drop", "replay"]


def test_every_usual_fault_is_said_by_an_entry_that_passes_the_check(text, tmp_path):
    rows = re.findall(r"^  \| ([^|]+) \| `({on: .*?}})`([^|]*) \|$", text, re.M)
    told = " ".join(fault for fault, _, _ in rows)
    for word in ("pump trip", "stuck", "wear", "drift", "calibration", "communication loss",
                 "burst", "demand surge", "fire flow"):  # fmt: skip
        assert word in told
    for _, entry, others in rows:
        path = tmp_path / "mine.yaml"
        path.write_text(f"name: mine\nplant: ctown\nduration: 7 d\nfaults:\n  - {entry}\n")
        assert check(str(path))[1] == [], entry
        assert set(re.findall(r"`(\w+)`", others)) <= set(kinds())


def test_the_attack_can_be_used(text, tmp_path):
    code = block(text, "python", "@register") + (
        "\nimport scenarios\nfrom scenarios.definition.schema import from_data\n"
        "entry = {'on': 'sensor:L_T6', 'do': {'stretch': {'factor': 0.5}}}\n"
        "data = {'name': 'x', 'duration': '2 h', 'warmup': '0 h', 'attacks': [entry]}\n"
        "run = scenarios.run(from_data(data), watch=False)\n"
        "assert (run.scada['L_T6'] == 0.5 * run.truth['L_T6']).all()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_commands_exist(text):
    from typer.main import get_command

    from scenarios.cli import app

    known = set(get_command(app).commands)
    used = set(re.findall(r"^(?:\.venv/bin/)?hydrotwin (\S+)", text, re.M))
    assert used
    assert used <= known
