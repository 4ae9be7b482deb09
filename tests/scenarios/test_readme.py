"""What the READMEs tell people to write works as it stands there, and their links lead on."""

import inspect
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

import scenarios
from attacks.discovery import kinds
from scenarios.cli import app
from scenarios.definition import templates
from scenarios.definition.check import check
from scenarios.definition.schema import load
from scenarios.results.run import Run
from scenarios.sweeps.sweep_file import read_sweep

ROOT = Path(__file__).parents[2]
PACKAGES = ("twin", "attacks", "detector", "scenarios")
PAGES = (
    "README.md",
    *(f"{name}/README.md" for name in PACKAGES),
    "twin/servers/README.md",
    "scenarios/live/README.md",
    "scenarios/labs/README.md",
    ".github/CONTRIBUTING.md",
)
SHEETS = [
    path.relative_to(ROOT).as_posix() for path in ROOT.glob("scenarios/labs/sheets/*/sheet.md")
]
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.S | re.M)

pytestmark = pytest.mark.skipif(
    not (ROOT / "README.md").is_file(), reason="the READMEs are not beside the tests"
)


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def block(page, language, word):
    blocks = FENCED.findall(text_of(page))
    return next(written for marked, written in blocks if marked == language and word in written)


def test_the_scenario_can_be_loaded(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(block("scenarios/README.md", "yaml", "attacks:"))
    scenario = load(path)
    assert [entry.do.kind for entry in scenario.attacks] == ["drop", "replay"]


def test_every_usual_fault_is_said_by_an_entry_that_passes_the_check(tmp_path):
    rows = re.findall(
        r"^ *\| ([^|]+) \| `({on: .*?}})`([^|]*) \|$", text_of("attacks/README.md"), re.M
    )
    faults = " ".join(fault for fault, _, _ in rows)
    for word in ("pump trip", "stuck", "wear", "drift", "calibration", "communication loss",
                 "burst", "demand surge", "fire flow"):  # fmt: skip
        assert word in faults
    for _, entry, others in rows:
        path = tmp_path / "mine.yaml"
        path.write_text(f"name: mine\nplant: ctown\nduration: 7 d\nfaults:\n  - {entry}\n")
        assert check(str(path))[1] == [], entry
        assert set(re.findall(r"`(\w+)`", others)) <= set(kinds())


def test_the_attack_can_be_used():
    code = block("attacks/README.md", "python", "@register") + (
        "\nimport scenarios\nfrom scenarios.definition.schema import from_data\n"
        "entry = {'on': 'sensor:L_T6', 'do': {'stretch': {'factor': 0.5}}}\n"
        "data = {'name': 'x', 'duration': '2 h', 'warmup': '0 h', 'attacks': [entry]}\n"
        "run = scenarios.run(from_data(data), watch=False)\n"
        "assert (run.scada['L_T6'] == 0.5 * run.truth['L_T6']).all()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_catalogue_names_every_kind():
    catalogue = text_of("attacks/README.md").partition("## The catalogue")[2].partition("\n## ")[0]
    assert set(kinds()) <= set(re.findall(r"[a-z-]+", catalogue))


@pytest.mark.slow
def test_the_sweeps_are_those_of_the_readme(tmp_path):
    path = tmp_path / "magnitude.yaml"
    path.write_text(block("scenarios/README.md", "yaml", "over:"))
    (tmp_path / "mine.yaml").write_text(templates.scenario("mine"))
    swept = read_sweep(path)
    swept.check()
    assert len(swept) == 12
    code = block("scenarios/README.md", "python", "swept.run")
    lines = code.replace("swept.run(workers=2)", "swept.run(workers=1, progress=False)")
    lines = "".join(f"    {line}\n" for line in lines.splitlines())
    code = f"if __name__ == '__main__':\n{lines}    print(len(table), set(table['status']))\n"
    (tmp_path / "mine.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "mine.py"], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout == "4 {'done'}\n", done.stderr


def test_the_python_example_asks_for_what_there_is():
    code = block("scenarios/README.md", "python", "import scenarios")
    (called,) = re.findall(r'scenarios\.run\("(\S+?)", (\w+)=3\)', code)
    load(called[0])
    assert called[1] in inspect.signature(scenarios.run).parameters
    attributes = re.findall(r"run\.(\w+)", code.replace("scenarios.run", ""))
    assert len(attributes) == 4
    assert set(attributes) <= set(Run.__dataclass_fields__)


def command_lines(text):
    """Return what stands after `hydrotwin` in each line of a code block and each span of code."""
    lines = [line for _, written in FENCED.findall(text) for line in written.splitlines()]
    lines += [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", FENCED.sub("", text))]
    found = (re.match(r"(?:\.venv/bin/)?hydrotwin (.+)", line.strip()) for line in lines)
    return [match[1] for match in found if match]


@pytest.mark.parametrize("page", (*PAGES, *SHEETS))
def test_the_commands_and_their_options_exist(page):
    written = command_lines(text_of(page))
    assert written
    for line in written:
        words = shlex.split(line, comments=True)
        command = get_command(app)
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        if words == ["X"]:
            continue
        if hasattr(command, "commands"):  # a group that is a command itself, given options only
            assert command.invoke_without_command, line
            assert words[0].startswith("--"), line
        options = {option for each in command.params for option in each.opts}
        assert {word for word in words if word.startswith("-")} <= options, line


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_and_picture_exists(page):
    targets = re.findall(r"\]\(([^)\s]+)\)", text_of(page))
    relative = [target for target in targets if not target.startswith(("http://", "https://"))]
    assert relative
    for target in relative:
        path, _, anchor = target.partition("#")
        linked = (ROOT / page).parent / path if path else ROOT / page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked.read_text(encoding="utf-8")), target


def anchors(text):
    """Return the anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_file_it_names_exists(page):
    """Paths in code spans, from the root or from the page's own folder."""
    spans = re.findall(r"`((?:\w[\w.-]*/)+[\w.-]*)`", text_of(page))
    for span in spans:
        if re.fullmatch(r"[\d/]+", span):  # a date
            continue
        assert (ROOT / span).exists() or ((ROOT / page).parent / span).exists(), span


def test_the_layout_names_every_folder():
    layout = block("README.md", "", "conditions/")
    for package in PACKAGES:
        part = layout[layout.index(f"\n{package}/" if package != "twin" else "twin/") :]
        named = re.findall(r"^  (\w+)/", re.split(r"\n(?=\w)", part.lstrip())[0], re.M)
        here = {
            folder.name
            for folder in (ROOT / package).iterdir()
            if (folder / "__init__.py").exists()
        }
        assert here <= set(named), package
        for name in named:
            assert (ROOT / package / name).is_dir(), f"{package}/{name}"
