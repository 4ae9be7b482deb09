import dataclasses
import fnmatch
import pickle
import subprocess
import sys

import pandas as pd
import pytest

import scenarios
from attacks import registry
from scenarios.definition.schema import from_data, to_yaml
from scenarios.results import tables
from scenarios.results.run import Run
from tests.scenarios.measure import README, columns_table
from twin.errors import InputError

DATA = {
    "name": "both",
    "duration": "12 h",
    "operator": [{"at": "3 h", "write": {"PU3": "open"}}],
    "attacks": [
        {"name": "spoof", "on": "sensor:L_T1", "do": {"offset": {"by": -3.0}},
         "when": {"from": "4 h"}},
        {"name": "late", "on": "link:SCADA->PLC1", "do": {"drop": {}},
         "when": {"from": "2 h", "for": "3 h"}},
        {"name": "mask", "on": "scada", "do": {"covert": {}}, "when": {"from": "6 h"}},
    ],
    "faults": [{"name": "leak", "on": "plant:P310", "do": {"leak": {"area": 0.01}},
                "when": {"from": "1 h", "for": "2 h"}}],
}  # fmt: skip
NORMAL = {"name": "quiet", "duration": "6 h", "detector": None}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    place = tmp_path_factory.mktemp("runs")
    return [scenarios.run(from_data(data), out=place / data["name"]) for data in (DATA, NORMAL)]


def assert_same(run, other):
    for field in dataclasses.fields(Run):
        ours, theirs = getattr(run, field.name), getattr(other, field.name)
        if isinstance(ours, pd.DataFrame):
            pd.testing.assert_frame_equal(ours, theirs)
        elif field.name == "scenario":
            assert to_yaml(ours) == to_yaml(theirs)
        elif field.name == "spec":
            assert ours.tags == theirs.tags
            assert repr(ours.wiring.plcs) != ""
        else:
            assert ours == theirs, field.name


@pytest.mark.parametrize("which", [0, 1])
def test_a_run_is_read_back_from_its_folder(runs, which):
    run = runs[which]
    again = scenarios.open_run(run.folder)
    assert_same(run, again)
    assert again.summary() == run.summary()
    assert list(again.views.falsified) == list(run.views.falsified)


def test_what_is_told_of_entries_comes_back_too(runs):
    run = scenarios.open_run(runs[0].folder)
    assert run.orders
    assert run.slips
    assert [incident.name for incident in run.incidents] == ["spoof", "late", "mask"]


@pytest.mark.parametrize("which", [0, 1])
def test_a_run_pickles(runs, which):
    assert_same(runs[which], pickle.loads(pickle.dumps(runs[which])))


@pytest.fixture
def forgotten():
    """Forget, once the test is over, the plug-in it loads."""
    yield
    registry.forget("pickled-half")


def test_a_run_with_a_plugin_pickles_into_another_process(tmp_path, forgotten):
    (tmp_path / "mine.py").write_text(
        "from dataclasses import dataclass\n"
        "from attacks import Attack, register\n"
        "@register('pickled-half')\n@dataclass(frozen=True, kw_only=True)\n"
        "class Half(Attack):\n"
        "    def tamper(self, reading):\n        return reading.with_value(reading.value / 2)\n"
    )
    attack = {"on": "sensor:L_T1", "do": {"pickled-half": {}}}
    data = {"name": "x", "duration": "2 h", "detector": None, "plugins": ["mine.py"]}
    run = scenarios.run(from_data(data | {"attacks": [attack]}, tmp_path))
    (tmp_path / "run.pickle").write_bytes(pickle.dumps(run))
    code = (
        "import pickle\n"
        "run = pickle.load(open('run.pickle', 'rb'))\n"
        "print(run.scenario.attacks[0].do.kind, run.truth.shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout == f"pickled-half {run.truth.shape}\n", done.stderr


def test_a_run_is_told_in_a_few_lines(runs):
    lines = repr(runs[0]).splitlines()
    assert lines[0] == "Run of both, seed 0: 12 h of ctown, done"
    assert lines[1].startswith("  spoof: from h 4")
    assert len(lines) <= 8
    assert max(map(len, lines[:-1])) < 100


def test_every_column_a_run_writes_is_described(runs):
    known = tables.columns()
    tags = {"<tag>": runs[0].spec.tag_names, "<PLC>.<tag>": tuple(runs[0].plc.columns)}
    tags["<tank>"] = tuple(runs[0].spec.model.tank_name_list)
    tags["<district>"] = tuple(runs[0].spec.dmas)
    for path in sorted(runs[0].folder.glob("*.parquet")):
        rows = [column for column in known if column.table == path.stem]
        table = pd.read_parquet(path)
        table = table.reset_index() if table.index.name else table
        for name, kind in table.dtypes.items():
            found = [row for row in rows if fits(str(name), row.name, tags)]
            assert len(found) == 1, (path.name, name, found)
            if len(table):
                assert TYPES[found[0].type](kind), (path.name, name, kind)
        for row in rows:
            assert any(fits(str(name), row.name, tags) for name in table.columns), row
    assert {row.table for row in known} == {path.stem for path in runs[0].folder.glob("*.parquet")}


TYPES = {
    "number": pd.api.types.is_numeric_dtype,
    "yes/no": pd.api.types.is_bool_dtype,
    "text": pd.api.types.is_string_dtype,
    "list": pd.api.types.is_object_dtype,
}


def fits(name, pattern, tags):
    if pattern in tags:
        return name in tags[pattern]
    for part in ("<tank>", "<district>"):
        if part in pattern:
            return name in [pattern.replace(part, each) for each in tags[part]]
    return fnmatch.fnmatchcase(name, pattern)


def test_what_is_missing_or_damaged_is_said(runs, tmp_path):
    with pytest.raises(InputError, match=r"is no run folder: it lacks scenario\.yaml"):
        scenarios.open_run(tmp_path)
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in runs[1].folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "truth.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match="damaged"):
        scenarios.open_run(folder)
    (folder / "truth.parquet").unlink()
    with pytest.raises(InputError, match=r"lacks truth\.parquet: make the run again by"):
        scenarios.open_run(folder)
    (folder / "truth.parquet").write_bytes((runs[1].folder / "truth.parquet").read_bytes())
    for text in ("{}", "[]", "no json", '{"status": 3}'):
        (folder / "metrics.json").write_text(text)
        with pytest.raises(InputError, match="damaged"):
            scenarios.open_run(folder)


def test_the_readme_lists_the_columns():
    assert columns_table() in README.read_text(encoding="utf-8")
