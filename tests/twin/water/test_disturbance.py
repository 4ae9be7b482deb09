import numpy as np
import pytest

from twin.errors import InputError
from twin.plants.spec import load_plant
from twin.water.plant import Plant


@pytest.fixture(scope="module")
def ctown():
    return load_plant("ctown")


@pytest.fixture
def plant(ctown):
    with Plant(ctown) as plant:
        plant.set_demands(np.full(5, 0.6))
        yield plant


def step(plant):
    """Go on for 300 s; return what each meter added."""
    before = plant.meters.totals()
    plant.solve()
    plant.advance(300)
    added = plant.meters.totals() - before
    return dict(zip(plant.meters.columns, added.tolist(), strict=True))


def test_a_leak_is_an_orifice_and_heals(ctown, plant):
    """Q = 0.75 · area · √(2 g h), as in WNTR's leak model."""
    plant.leak("J280", 0.001)
    leaked = step(plant)["leaked_m3"]
    pressure = plant.values[ctown.tag_names.index("P_J280")]
    assert leaked == pytest.approx(0.75 * 0.001 * np.sqrt(2 * 9.81 * pressure) * 300, rel=1e-6)
    plant.leak("J280", 0.001, cause="another")
    assert step(plant)["leaked_m3"] > 1.5 * leaked
    plant.leak("J280", 0.0, cause="another")
    plant.leak("J280", 0.0)
    assert step(plant)["leaked_m3"] == 0


def test_demands_multiply_and_add_and_go_back(ctown, plant):
    nodes = ctown.dmas["DMA2"]
    usual = step(plant)["demanded_DMA2_m3"]
    plant.demand(nodes, 2.0, 0.0)
    plant.demand(nodes[:40], 1.0, 10.0, cause="fire")
    both = step(plant)
    assert both["demanded_DMA2_m3"] == pytest.approx(2 * usual + 3.0, rel=1e-9)
    plant.demand(nodes, 1.0, 0.0)
    assert step(plant)["demanded_DMA2_m3"] == pytest.approx(usual + 3.0, rel=1e-9)
    plant.demand(nodes[:40], 1.0, 0.0, cause="fire")
    assert step(plant)["demanded_DMA2_m3"] == pytest.approx(usual, rel=1e-12)


def test_what_is_held_obeys_nobody_and_then_does_what_it_was_told_last(ctown, plant):
    flow = ctown.tag_names.index("F_PU2")
    plant.write("PU2", 1.0)
    step(plant)
    usual = plant.values[flow]
    plant.hold("PU2", 0.0)
    plant.write("PU2", 1.0)
    step(plant)
    assert plant.values[flow] == 0
    assert plant.settings["PU2"] == 1
    plant.release("PU2")
    step(plant)
    assert plant.values[flow] == pytest.approx(usual, rel=0.05)


def test_a_worn_pump_stays_so_whatever_it_is_told(ctown, plant):
    flow = ctown.tag_names.index("F_PU2")
    plant.write("PU2", 1.0)
    plant.solve()
    usual = plant.values[flow]
    plant.wear("PU2", 0.9)
    for command in (1.0, 0.0, 1.0):
        plant.write("PU2", command)
    plant.solve()
    assert 0 < plant.values[flow] < 0.95 * usual
    plant.wear("PU2", 1.0)
    plant.solve()
    assert plant.values[flow] == pytest.approx(usual, rel=1e-3)


def test_a_closed_pipe_carries_nothing(plant):
    """P310 brings the water of all sources: only tanks are left."""
    assert step(plant)["supplied_m3"] > 1
    plant.hold("P310", 0.0)
    assert abs(step(plant)["supplied_m3"]) < 0.01


@pytest.mark.parametrize(
    ("what", "args", "says"),
    [
        ("leak", ("J28O", 0.01), "did you mean J28"),
        ("leak", ("T3", 0.01), "let it leak beside it"),
        ("demand", (["J28O"], 2.0, 0.0), "no junction 'J28O'"),
        ("hold", ("P31O", 0.0), "no pump, valve or pipe 'P31O'"),
        ("hold", ("P310", 0.5), "closed or open, not 0.5"),
        ("wear", ("V2", 0.5), "no pump 'V2'"),
    ],
)
def test_what_is_not_there_cannot_break(plant, what, args, says):
    with pytest.raises(InputError, match=says):
        getattr(plant, what)(*args)
