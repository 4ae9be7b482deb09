"""Pictures of a run: attacks and faults are told apart."""

import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex

import scenarios
from scenarios.definition.schema import from_data
from scenarios.report.map import plot_map
from scenarios.report.pictures import plot_levels
from scenarios.report.style import ALARM, ENTRY, SHADES

ATTACK = {"name": "a", "on": "sensor:L_T1", "do": {"offset": {"by": 1.0}},
          "when": {"from": "1 h", "for": "1 h"}}  # fmt: skip
FAULT = {"name": "f", "on": "plant:V2", "do": {"fail": {"to": "stuck"}},
         "when": {"from": "2 h", "for": "1 h"}}  # fmt: skip


def scenario(**entries):
    return from_data({"name": "x", "duration": "4 h", "warmup": "0 h", "detector": None, **entries})


def rings(axes):
    """Return the colour of each ring, by where it is."""
    return {
        tuple(ring.get_offsets()[0].tolist()): to_hex(ring.get_edgecolors()[0])
        for ring in axes.collections
        if isinstance(ring, PathCollection) and not ring.get_facecolors().size
    }


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({}, []),
        ({"attacks": [ATTACK]}, ["attacked"]),
        ({"faults": [FAULT]}, ["faulty"]),
        ({"attacks": [ATTACK], "faults": [FAULT]}, ["faulty", "attacked"]),
    ],
)
def test_the_map_rings_attacks_and_faults_in_colours_of_their_own(entries, said):
    made = scenario(**entries)
    plant = made.plant_spec()
    figure = plot_map(plant, made.entries)
    (axes,), (key,) = figure.axes, figure.legends
    words = [text.get_text() for text in key.get_texts()]
    assert [word for word in words if word in ("attacked", "faulty")] == said
    tank = tuple(map(float, plant.model.get_node("T1").coordinates))
    found = rings(axes)
    assert len(found) == len(said)
    assert (found.get(tank) == ALARM) == ("attacks" in entries)
    assert (ENTRY["fault"] in found.values()) == ("faults" in entries)


def test_a_run_s_shades_say_which_is_which():
    run = scenarios.run(scenario(attacks=[ATTACK], faults=[FAULT]))
    figure = plot_levels(run)
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words[-2:] == ["attack active", "fault active"]
    shades = {to_hex(p.get_facecolor()): (p.get_x(), p.get_width()) for p in figure.axes[0].patches}
    assert shades == {SHADES["attack"]: (1.0, 1.0), SHADES["fault"]: (2.0, 1.0)}
    alone = plot_levels(scenarios.run(scenario(faults=[FAULT])))
    words = [text.get_text() for text in alone.legends[0].get_texts()]
    assert words[-2:] == ["truth without the fault", "fault active"]
