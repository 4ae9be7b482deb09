"""The plant's controls as importers number them."""

import shutil

import pytest

from scenarios.importers.controls import controls_of
from scenarios.importers.counterparts import Counterparts
from scenarios.importers.epanetcpa.experiment import read_cpa
from tests.scenarios.importers.cpa_files import NODES, OPTIONS
from twin.plants.spec import PLANTS, load_plant


@pytest.fixture
def plant(tmp_path):
    """Return C-Town with rules of its own for PU4, and without controls in its network.inp."""
    folder = tmp_path / "mine"
    shutil.copytree(PLANTS / "ctown", folder)
    network = folder / "network.inp"
    before, _, after = network.read_text().partition("[CONTROLS]")
    network.write_text(before + "[CONTROLS]\n\n[" + after.partition("\n[")[2])
    lines = folder / "plcs.yaml"
    rules = lines.read_text()
    start = rules.index('- {when: "L_T3 < 3')
    rules = (
        rules[:start]
        + "- {when: hour == 6, PU4: open}\n      - {when: L_T3 <= 3.5, PU4: open}\n      "
        + "- {when: 5.3 < L_T3, PU4: closed}\n      "
        + rules[start:]
    )
    lines.write_text(rules)
    return folder


def test_a_rules_sign_is_its_own(plant):
    controls = controls_of(Counterparts(load_plant(plant)))
    first = [(c.tag, c.sign, c.level, c.to) for c in controls if c and c.actuator == "PU4"][:3]
    assert first == [("hour", "==", 6, 1), ("L_T3", "<=", 3.5, 1), ("L_T3", ">", 5.3, 0)]


@pytest.mark.parametrize(
    ("place", "part", "value", "expected"),
    [
        (0, "n", "8", {"when": "hour == 8", "PU4": "open"}),
        (1, "n", "3.2", {"when": "L_T3 <= 3.2", "PU4": "open"}),
    ],
)
def test_a_changed_rule_keeps_its_sign(plant, place, part, value, expected):
    spec = load_plant(plant)
    controls = controls_of(Counterparts(spec))
    number = [i for i, c in enumerate(controls) if c and c.actuator == "PU4"][place] + 1
    file = plant.parent / "theirs.cpa"
    file.write_text(
        f"{NODES}[CYBERATTACKS]\n; Type\nControl, CTRL{number}{part}, TIME==30, TIME==35, {value}\n"
        f"\n[CYBEROPTIONS]\n{OPTIONS}"
    )
    made = read_cpa(file, str(plant), companions=False)
    (entry,) = made.data["attacks"]
    rules = entry["do"]["rewrite"]["rules"]
    assert expected in [dict(rule) for rule in rules]
