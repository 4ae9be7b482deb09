"""Labs 1 to 4 need none of the detector's libraries, and what does says so."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from scenarios.labs.lab import SLIM
from twin.files import read_yaml

ROOT = Path(__file__).parents[3]
WITHOUT = """\
import importlib.abc
import sys


class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "sklearn"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Missing())
"""


@pytest.fixture
def slim(tmp_path):
    """Run `hydrotwin` where the two libraries are missing, in its examinations too."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT, encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])

    def run(*arguments):
        code = "from scenarios.cli import main; main()"
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": paths},
            capture_output=True,
            text=True,
            encoding="utf-8",
        )

    return run


def test_the_list_leaves_out_two_and_forgets_none():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    whole = {*project["dependencies"], *project["optional-dependencies"]["live"]}
    lines = SLIM.read_text(encoding="utf-8").splitlines()
    listed = {line for line in lines if not line.startswith("#")}
    assert listed <= whole
    assert {re.match(r"[\w-]+", left)[0] for left in whole - listed} == {"torch", "scikit-learn"}


def test_lab_4_is_handed_out_and_checked(slim, tmp_path):
    begun = slim("labs", "start", "4", "--student", "s1")
    assert begun.returncode == 0, begun.stderr
    assert read_yaml(tmp_path / "lab4-s1" / "lab.yaml")["lab"] == "hide-it"
    checked = slim("labs", "check", "lab4-s1")
    assert "spilled" in checked.stdout, checked.stderr


def test_what_needs_a_library_says_so(slim, tmp_path):
    done = slim("run", "normal", "--duration", "1 h", "--detector", "cnn-lstm", "--out", "run")
    assert done.returncode == 2
    assert "a slim install leaves out: pip install torch" in done.stderr
    assert "Traceback" not in done.stderr
