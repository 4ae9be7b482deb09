"""DHALSIM files that tests import."""

import shutil

import pytest

from scenarios.importers.dhalsim.experiment import read_dhalsim
from twin.plants.spec import PLANTS

PLCS = """\
- {name: PLC1, sensors: [PU1F, PU2F, J280], actuators: [PU1, PU2]}
- name: PLC2
  sensors:
    - T1
- {name: PLC3, sensors: [T2, V2F], actuators: [V2, PU4, PU5, PU6, PU7]}
- {name: PLC4, sensors: [T3]}
- {name: PLC6, sensors: [T4]}
"""
CONFIG = """\
inp_file: town.inp
iterations: 144
network_topology_type: complex
plcs: !include plcs.yaml
demand: dd
attacks: !include attacks.yaml
"""
TIMED = "  trigger: {type: time, start: 12, end: 35}\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "plcs.yaml").write_text(PLCS)
    shutil.copy(PLANTS / "ctown" / "network.inp", tmp_path / "town.inp")
    (tmp_path / "attacks.yaml").write_text("")
    return tmp_path


def read(folder, attacks="", config=CONFIG, companions=True):
    if attacks:
        (folder / "attacks.yaml").write_text(attacks)
    (folder / "theirs.yaml").write_text(config)
    (made,) = read_dhalsim(folder / "theirs.yaml", "ctown", companions)
    return made


def network_attack(folder, kind, rest, **kwargs):
    text = f"network_attacks:\n- name: one\n  type: {kind}\n{rest}"
    return read(folder, text if "trigger" in rest else text + TIMED, **kwargs)


def entries(made, key="attacks"):
    return [(e["on"], e.get("tags", []), e["do"]) for e in made.data.get(key, [])]


def notes(made, kind):
    return [note.text for note in made.notes if note.kind == kind]
