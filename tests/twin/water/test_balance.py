"""What flows in flows out, or stays: measured by the meters, and read independently of them."""

import epanet
import numpy as np
import pytest
from epanet_plus import EpanetConstants as EN
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.plants.spec import load_plant
from twin.water.plant import Plant

HOUR = 3600
CTOWN = load_plant("ctown")
PUMPS = CTOWN.model.pump_name_list


class Ledger:
    """Adds up what EPANET says of each junction, each reservoir and each tank, one by one."""

    def __init__(self, plant):
        self.plant = plant
        project = plant._engine.project
        index = lambda name: epanet.EN_getnodeindex(project, name)[1]  # noqa: E731
        self.read = lambda node, what: epanet.EN_getnodevalue(project, node, what)[1]
        self.sources = [index(name) for name in CTOWN.model.reservoir_name_list]
        self.users = [index(name) for name in CTOWN.model.junction_name_list]
        self.supplied = self.drawn = 0.0
        self.levels = np.array(plant.levels)
        self.areas = [np.pi / 4 * tank.diameter**2 for _, tank in CTOWN.model.tanks()]

    def advance(self, limit):
        supplied = -sum(self.read(node, EN.EN_DEMAND) for node in self.sources)
        drawn = sum(self.read(node, EN.EN_DEMAND) for node in self.users)
        before = self.plant.time
        self.plant.advance(limit)
        seconds = self.plant.time - before
        self.supplied += supplied * seconds / 1000
        self.drawn += drawn * seconds / 1000

    def error(self):
        """Return what is missing, as a share of what flowed."""
        total = self.plant.meters.total
        overflow = self.plant.meters.overflow.sum()
        stored = float(self.areas @ (self.plant.levels - self.levels))
        through = max(self.supplied, self.drawn)
        assert total("supplied_m3") == pytest.approx(self.supplied, rel=1e-9, abs=1e-6)
        assert total("drawn_m3") + total("leaked_m3") == pytest.approx(self.drawn, rel=1e-9)
        assert total("stored_m3") == pytest.approx(stored, abs=1e-6)
        invented = total("invented_m3")
        return abs(self.supplied + invented - self.drawn - stored - overflow) / through


def days(hours, change, pressure_driven=False, level=0.6):
    """Step C-Town under its level rules, with a change of something at hour 6."""
    rules = [rule for plc in CTOWN.plcs.values() for rule in plc.rules]
    drawn = np.random.default_rng(0).normal(level, 0.1, (hours, 5))
    with Plant(CTOWN, pressure_driven=pressure_driven) as plant:
        ledger = Ledger(plant)
        while plant.time < hours * HOUR:
            if plant.time % HOUR == 0:
                plant.set_demands(drawn[plant.time // HOUR])
            if plant.time == 6 * HOUR:
                change(plant)
            seen = dict(zip((f"L_{tank}" for tank in plant.tanks), plant.levels, strict=True))
            for rule in rules:
                if rule.when(seen) and plant.settings[rule.actuator] != rule.command:
                    plant.write(rule.actuator, rule.command)
            plant.solve()
            ledger.advance(300 - plant.time % 300)
        return plant.meters, ledger.error()


def fill(plant):
    for pump in ("PU1", "PU2", "PU3"):
        plant.hold(pump, 1.0)


def starve(plant):
    plant.hold("V2", 0.0)


CASES = {
    "normal": (lambda plant: None, False, ()),
    "spilling": (fill, False, ("overflow_T1_m3",)),
    "leaking": (lambda plant: plant.leak("J280", 0.002), False, ("leaked_m3",)),
    "pressure-driven": (lambda plant: plant.leak("P310", 0.01), True, ("leaked_m3",)),
    "starved": (starve, True, ("unmet_DMA2_m3", "empty_T2_h")),
    "starved, demand-driven": (starve, False, ("unmet_DMA2_m3", "empty_T2_h", "invented_m3")),
    "surging": (lambda plant: plant.demand(CTOWN.dmas["DMA2"], 1.5, 10), True, ()),
}


@pytest.mark.parametrize("case", CASES)
def test_the_water_balances(case):
    change, pressure_driven, happen = CASES[case]
    meters, error = days(36, change, pressure_driven)
    assert error < 1e-5
    for column in happen:
        assert meters.total(column) > 1, column
    if "demand-driven" not in case:
        assert abs(meters.total("invented_m3")) < 1e-3 * meters.total("drawn_m3")
    for column in ("demanded", "unmet"):
        by_dma = [meters.total(f"{column}_{dma}_m3") for dma in CTOWN.dmas]
        whole = meters.total("unmet_m3")
        if column == "demanded":
            whole = meters.total("drawn_m3") + whole * pressure_driven
        assert sum(by_dma) == pytest.approx(whole, rel=1e-4, abs=1e-3)


CHANGES = st.one_of(
    st.tuples(
        st.just("leak"),
        st.sampled_from(CTOWN.model.junction_name_list + CTOWN.model.pipe_name_list),
        st.floats(1e-5, 2e-2),
    ),
    st.tuples(
        st.just("hold"), st.sampled_from(CTOWN.model.link_name_list), st.sampled_from([0, 1])
    ),
    st.tuples(st.just("wear"), st.sampled_from(PUMPS), st.floats(0.5, 1.2)),
    st.tuples(st.just("demand"), st.sampled_from(sorted(CTOWN.dmas)), st.floats(0.0, 3.0)),
)


@settings(max_examples=4, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=4), st.booleans())
def test_it_balances_whatever_breaks(changes, pressure_driven):
    def change(plant):
        for i, (what, name, size) in enumerate(changes):
            if what == "demand":
                plant.demand(CTOWN.dmas[name], size, 5.0 * i, cause=i)
            else:
                getattr(plant, what)(name, float(size), cause=i)

    _, error = days(24, change, pressure_driven)
    assert error < 1e-3
