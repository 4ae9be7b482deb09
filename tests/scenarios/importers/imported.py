"""What tests of the importers share."""

import dataclasses
import functools

import pytest

from attacks.discovery import kinds
from attacks.entries.armed import arm
from scenarios.definition import schema
from twin.plants.spec import load_plant
from twin.testbed import Testbed


def need(data):
    """Skip where a kind, or a field of one, that this scenario needs is not in the catalogue."""
    known = kinds()
    for entry in [*data.get("attacks", []), *data.get("faults", [])]:
        ((kind, fields),) = entry["do"].items()
        if kind not in known:
            pytest.skip(f"no kind {kind} in the catalogue")
        lacking = set(fields) - {field.name for field in dataclasses.fields(known[kind])}
        if lacking:
            pytest.skip(f"{kind} has no field {', '.join(sorted(lacking))}")


def loaded(made, tmp_path):
    """Write an import as the command does, read it back, and arm it."""
    need(made.data)
    made.name_tables({key: f"{key}.csv" for key in made.tables})
    for key, text in made.tables.items():
        (tmp_path / f"{key}.csv").write_text(text)
    path = tmp_path / "ours.yaml"
    path.write_text(made.to_yaml())
    scenario = schema.load(path)
    with Testbed(scenario.plant_spec(), seed=0, warmup=0.0, folder=None) as bed:
        arm(scenario.entries, bed)
    return scenario


def commented(text):
    """Return the lines of a scenario file that say nothing of where they came from."""
    lines = text.splitlines()
    bare = []
    for number, line in enumerate(lines):
        above = lines[number - 1].lstrip() if number else ""
        key = line.lstrip(" -").partition(":")[0]
        if line.strip() and "#" not in line and not above.startswith("#") and key != "attacks":
            bare.append(line)
    return bare


_load = load_plant
_ctown = functools.cache(lambda: _load("ctown"))


@pytest.fixture(autouse=True)
def one_plant(monkeypatch):
    """Read C-Town once for all imports."""

    def load(plant, *args, **kwargs):
        return _load(plant, *args, **kwargs) if args or kwargs or plant != "ctown" else _ctown()

    for tool in ("dhalsim", "epanetcpa"):
        monkeypatch.setattr(f"scenarios.importers.{tool}.experiment.load_plant", load)
