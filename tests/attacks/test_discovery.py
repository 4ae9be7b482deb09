import json

import pandas as pd
import pytest

import scenarios
from attacks import discovery as plugins
from attacks.discovery import kinds
from attacks.registry import forget
from scenarios.definition.schema import load
from scenarios.definition.templates import attack
from tests.command import hydrotwin
from twin.errors import InputError

SCENARIO = """\
name: mine
duration: 2 h
warmup: 0 h
plugins: [half.py]
attacks:
  - {name: lie, on: sensor:L_T6, do: {half: {factor: 0.5}}}
"""


@pytest.fixture
def folder(tmp_path):
    """Give a folder with an attack and a scenario; what is loaded from it is forgotten again."""
    (tmp_path / "half.py").write_text(attack("half"))
    (tmp_path / "mine.yaml").write_text(SCENARIO)
    before = set(kinds())
    yield tmp_path
    for kind in set(kinds()) - before:
        forget(kind)
    for path in [path for path in plugins._FILES if path.parent == tmp_path]:
        del plugins._FILES[path]


def test_a_scenario_names_an_attack_of_ones_own(folder):
    run = scenarios.run(load(folder / "mine.yaml"), watch=False)
    assert (run.scada["L_T6"] == 0.5 * run.truth["L_T6"]).all()
    assert load(folder / "mine.yaml").attacks == run.scenario.attacks  # it is loaded once


def test_a_run_folder_still_knows_where_the_attack_is(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("elsewhere") / "run"
    scenarios.run(load(folder / "mine.yaml"), watch=False, pair=False, out=out)
    assert load(out / "scenario.yaml").attacks[0].do.kind == "half"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "no such Python file"),
        ("def f(:\n", "line 1: invalid syntax"),
        ("import math\nmath.no_such_thing\n", "line 2: AttributeError"),
        ("raise SystemExit(3)\n", "SystemExit"),
        ("x = 1\n", "registers no attack"),
        (attack("half").replace('"half"', '"offset"'), "ValueError: attack 'offset' is already"),
    ],
)
def test_a_broken_plugin_is_one_message_at_its_line_of_the_scenario(folder, text, says):
    path = folder / "half.py"
    path.unlink() if text is None else path.write_text(text)
    before = kinds()
    with pytest.raises(InputError) as caught:
        load(folder / "mine.yaml")
    assert str(caught.value).startswith(f"{folder / 'mine.yaml'}:4:11: plug-in half.py")
    assert says in str(caught.value)
    assert kinds() == before


BROKEN = """\
from dataclasses import dataclass
from attacks import Attack, register


@register("half")
@dataclass(frozen=True, kw_only=True)
class Half(Attack):
    \"\"\"Break.\"\"\"

    factor: float = 1.0
    ports = ("sensor",)

    def HOOK:
        LINE
"""
TIMED = SCENARIO.replace("0.5}}}", "0.5}}, when: {from: 1 h, for: 15 min}}")
READING = "reading.time < 3600 or {}[reading.tag]"


@pytest.mark.parametrize(
    ("hook", "line", "hours"),
    [
        ("begin(self, testbed, target)", "testbed.plcs['PLC99']", 1.0),
        ("step(self, testbed, target, now)", "testbed.plant.leak('PU99', 1.0, cause=1)", 1.0),
        ("end(self, testbed, target)", "raise AssertionError('no end')", 1.25),
        ("tamper(self, reading)", "return reading.valu", 1.0),
        ("tamper_packet(self, packet)", "yield packet[7]", 1.0),
        ("watch(self, reading)", READING, 1.0),
    ],
)
def test_one_that_breaks_ends_the_run_and_says_where(folder, hook, line, hours):
    path = folder / "half.py"
    path.write_text(BROKEN.replace("HOOK", hook).replace("LINE", line))
    (folder / "mine.yaml").write_text(TIMED)
    out = folder / "run"
    done = hydrotwin("run", folder / "mine.yaml", "--out", out, "--no-detector", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["status"], told["hours"]) == (1, "failed", hours)
    assert told["reason"].startswith(f"attack lie: half broke at {path}:14: ")
    assert len(pd.read_parquet(out / "truth.parquet")) == 12 * hours


@pytest.mark.parametrize(
    ("hook", "line", "let"),
    [
        ("tamper(self, reading)", "return 3.0", "3.0"),
        ("tamper(self, reading)", "return [None]", "None"),
        ("tamper_packet(self, packet)", "pass", "None"),
    ],
)
def test_what_is_no_reading_ends_the_run_too(folder, hook, line, let):
    (folder / "half.py").write_text(BROKEN.replace("HOOK", hook).replace("LINE", line))
    (folder / "mine.yaml").write_text(TIMED)
    run = scenarios.run(load(folder / "mine.yaml"), watch=False, pair=False)
    said = f"attack lie: half lets {let} through, which is neither a Reading nor Late"
    assert (run.status, run.reason, run.hours) == ("failed", said, 1.0)


def test_one_that_breaks_before_anything_was_recorded_says_so(folder):
    hook, line = "watch(self, reading)", "{}[reading.tag]"
    (folder / "half.py").write_text(BROKEN.replace("HOOK", hook).replace("LINE", line))
    done = hydrotwin("run", folder / "mine.yaml", "--out", folder / "run")
    assert done.returncode == 1
    said = f"{folder / 'half.py'}:14: KeyError: 'L_T6': nothing was recorded yet\n"
    assert done.stderr.endswith(said)
    assert not (folder / "run").exists()


@pytest.mark.parametrize(
    "hook", ["__post_init__(self)", "fresh(self, rng)", "check(self, testbed, target)"]
)
def test_one_that_breaks_before_the_run_is_bad_input(folder, hook):
    (folder / "half.py").write_text(BROKEN.replace("HOOK", hook).replace("LINE", "{}['x']"))
    done = hydrotwin("run", folder / "mine.yaml", "--out", folder / "run")
    assert done.returncode == 2
    error = done.stderr
    assert f"error: {folder / 'mine.yaml'}:6:" in error
    assert error.endswith(f"half broke at {folder / 'half.py'}:14: KeyError: 'x'\n")


def test_what_breaks_in_our_own_code_keeps_its_traceback(folder, monkeypatch):
    def breaks(self, reading):
        raise KeyError("ours")

    monkeypatch.setattr(kinds()["offset"], "tamper", breaks)
    (folder / "mine.yaml").write_text(SCENARIO.replace("half: {factor", "offset: {by"))
    with pytest.raises(KeyError, match="ours"):
        scenarios.run(load(folder / "mine.yaml"), watch=False, pair=False)


class Point:
    """An entry point of an installed package."""

    name, value, dist = "mine", "mine:attacks", None

    def __init__(self, load):
        self.load = load


def test_an_installed_package_brings_its_kinds(folder, monkeypatch):
    point = Point(lambda: plugins.load_file(folder / "half.py"))
    monkeypatch.setattr(plugins, "_installed", lambda: [point])
    assert "half" in kinds()
    plugins._LOADED.discard(point.value)


def test_a_broken_package_is_named(monkeypatch):
    def fail():
        raise ImportError("no module named pumps")

    monkeypatch.setattr(plugins, "_installed", lambda: [Point(fail)])
    with pytest.raises(InputError, match=r"mine:attacks .*no module named pumps"):
        kinds()
    monkeypatch.undo()
    assert "offset" in kinds()
