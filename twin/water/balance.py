"""The water balance: water supplied, delivered, leaked and spilled, unmet demand, and energy."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from epanet_plus import EpanetConstants as EN

from twin.plants.spec import PlantSpec
from twin.state import State
from twin.tags import Values
from twin.units import HOUR
from twin.water.engine import Engine

LOW_PRESSURE = 14.0
"""Below this [m] a junction with a demand has too little pressure: 20 psi, which the Recommended
Standards for Water Works (Ten States) ask for at all points under all conditions of flow."""

_PLANT = (
    "supplied_m3",
    "drawn_m3",
    "added_m3",
    "leaked_m3",
    "invented_m3",
    "unmet_m3",
    "energy_kwh",
    "energy_cost",
    "low_pressure_h",
    "pump_starts",
    "stored_m3",
)
(
    SUPPLIED,
    DELIVERED,
    ADDED,
    LEAKED,
    INVENTED,
    UNMET,
    ENERGY,
    COST,
    LOW,
    STARTS,
    STORED,
) = range(len(_PLANT))
_UNITS = {"m3": 1 / 1000.0, "kwh": 1 / 3600.0, "cost": 1 / 3600.0, "h": 1 / 3600.0, "starts": 1.0}
"""What a column's unit is of its rate [L/s, kW, …] times seconds."""


class Lowest(NamedTuple):
    """The lowest pressure at a junction with a demand: where, and when [s since the start]."""

    pressure: float
    junction: str
    time: int


class Meters:
    """What has happened to the water since the plant's start, or `restart`, added up step by step.

    Over any time, supplied + invented = drawn + leaked + stored + overflow of all tanks.

    Parameters
    ----------
    tanks, dmas : iterable of str

    Attributes
    ----------
    columns : tuple of str
        Names of `totals`:

        - `supplied_m3`: what came out of reservoirs, less what flowed back.
        - `drawn_m3`: what junctions drew; where demands are not pressure-driven, all of their
          demand, the part of it that is `unmet` too: there EPANET delivers what it cannot.
        - `added_m3`: the part of `drawn_m3` that `Plant.demand` added to customers' own demand: a
          thief's, a botnet's or a fire brigade's. It is no customer's demand: what it lacks is not
          unmet.
        - `leaked_m3`: what flowed out of leaks, and of emitters of network.inp.
        - `invented_m3`: what is drawn and comes from nowhere, in solutions EPANET warned about: not
          pressure-driven, it lets even junctions draw that nothing reaches. Below 0 it is what a
          negative demand puts in and no full tank takes.
        - `unmet_m3`: customers' demand that was not delivered. Where demands are pressure-driven,
          what EPANET held back; where they are not, the demand of junctions below zero pressure,
          which no real network could have delivered.
        - `energy_kwh`: electricity of all pumps, at the efficiency network.inp gives.
        - `energy_cost`: the same at its prices and their patterns, in its currency.
        - `low_pressure_h`: junction-hours with a demand and a pressure below `LOW_PRESSURE`,
          looked at whenever a pattern changes or an hour begins.
        - `pump_starts`
        - `stored_m3`: what all tanks hold more than then.
        - `overflow_T1_m3` and `empty_T1_h` for each tank: spilled, and time at its bottom.
        - `demanded_DMA1_m3`, `unmet_DMA1_m3` and `added_DMA1_m3` for each district: its demand,
          what of its customers' was unmet, and what of it `Plant.demand` added.
    rates : ndarray
        What each column rises by in a second: L/s, kW, currency per hour, junctions; 0 for those
        that have no rate.
    demanded, unmet, added : ndarray of shape (dmas,)
        Those of the rates that are the districts' [L/s].
    overflow, empty : ndarray of shape (tanks,)
        Of the totals, those that are the tanks': spilled [m³], and time at the bottom [h].
    warnings : Counter of str
        Solutions EPANET warned about, by its reason.
    lowest : Lowest or None
        Of the solutions with negative pressures, where demands are not pressure-driven.
    """

    def __init__(self, tanks: Iterable[str], dmas: Iterable[str]):
        tanks, dmas = list(tanks), list(dmas)
        self.columns = (
            *_PLANT,
            *(f"overflow_{tank}_m3" for tank in tanks),
            *(f"empty_{tank}_h" for tank in tanks),
            *(f"demanded_{dma}_m3" for dma in dmas),
            *(f"unmet_{dma}_m3" for dma in dmas),
            *(f"added_{dma}_m3" for dma in dmas),
        )
        self._sums = np.zeros(len(self.columns))
        self._unit = np.array([_UNITS[name.rpartition("_")[2]] for name in self.columns])
        self.rates: Values = np.zeros(len(self.columns))
        first = len(_PLANT)
        last = first + 2 * len(tanks)
        self.overflow, self.empty = self._sums[first:last].reshape(2, -1)
        self._seconds, self._scale = 1.0, self._unit
        self.demanded, self.unmet, self.added = self.rates[last:].reshape(3, -1)
        self.warnings: Counter[str] = Counter()
        self.lowest: Lowest | None = None

    def go_on(self, seconds: float) -> None:
        """Add the present rates for so long."""
        if seconds != self._seconds:
            self._seconds, self._scale = seconds, self._unit * seconds
        self._sums += self.rates * self._scale

    def count(self, place: int, more: float) -> None:
        """Add to what has no rate: `STARTS`, `STORED` [m³]."""
        self._sums[place] += more

    def state(self) -> State:
        """Return what has been counted."""
        lowest = None if self.lowest is None else list(self.lowest)
        return {"sums": self._sums.tolist(), "warnings": dict(self.warnings), "lowest": lowest}

    def restore(self, state: State) -> None:
        """Go on counting from a state."""
        self._sums[:] = state["sums"]
        self.warnings = Counter(state["warnings"])
        self.lowest = None if state["lowest"] is None else Lowest(*state["lowest"])

    def restart(self) -> None:
        """Count from now on."""
        self._sums[:] = 0.0

    def totals(self) -> Values:
        """Return everything added up so far, in the order and units of `columns`."""
        return self._sums.copy()

    def total(self, column: str) -> float:
        """Return one of the totals."""
        return float(self.totals()[self.columns.index(column)])


class Gauges:
    """Reads the present rates off a solved network.

    Arrays of all nodes are read only where they can have changed: demands when a pattern or a
    surge does, and with them, for it costs as much, the pressures.

    Parameters
    ----------
    engine : Engine
    spec : PlantSpec
    model : wntr.network.WaterNetworkModel
        As the engine steps it.
    meters : Meters
        Whose rates are set.
    pressure_driven : bool

    Attributes
    ----------
    surges : mapping of int to (float, float)
        By node, the factor on its customers' demand and what is added to it [L/s].
    """

    def __init__(
        self, engine: Engine, spec: PlantSpec, model: Any, meters: Meters, pressure_driven: bool
    ):
        self._engine, self._meters, self._pressure_driven = engine, meters, pressure_driven
        self._sources = [engine.node(name) for name in model.reservoir_name_list]
        places = {name: engine.node(name) - 1 for name in model.junction_name_list}
        self._names = {place: name for name, place in places.items()}
        self._dmas = len(spec.dmas)
        self._dma_of = np.full(len(model.node_name_list), self._dmas)  # beyond the last: of none
        for dma, members in enumerate(spec.dmas.values()):
            self._dma_of[[places[name] for name in members]] = dma
        self._demand: Values = np.zeros(len(model.node_name_list))
        self._own = self._wanted = self._demand  # customers' share of it; what of that is above 0
        self.surges: Mapping[int, tuple[float, float]] = {}
        times = model.options.time
        self._period = math.gcd(int(times.pattern_timestep), int(HOUR))
        self._shift = int(times.pattern_start) % self._period
        self._doubtful = self._fed = False
        self._leaky: set[int] = set()
        self.look_again()

    def start_afresh(self) -> None:
        """Forget the last solution: the next one's rates are all read."""
        self._doubtful = False
        self._leaky.clear()
        self.look_again()

    def look_again(self) -> None:
        """Read the demands and pressures of the next solution, whatever the time."""
        self._looked = -1

    def read(self, code: int, leaking: Collection[int]) -> None:
        """Set the rates of what flows in and out.

        Parameters
        ----------
        code : int
            Of the present solution, 0 or a key of `twin.water.engine.WARNINGS`.
        leaking : collection of int
            Nodes with a leak or an emitter.
        """
        engine, rates = self._engine, self._meters.rates
        rates[SUPPLIED] = -sum(engine.at_nodes(self._sources, EN.EN_DEMAND))
        if leaking or self._leaky:
            self._leaky.update(leaking)
            rates[LEAKED] = sum(engine.at_nodes(leaking, EN.EN_EMITTERFLOW))
        period = (engine.time + self._shift) // self._period
        if period != self._looked:
            self._looked = period
            self._look()
        doubtful = bool(code) or self._fed
        if doubtful or self._doubtful:
            rates[INVENTED] = self._from_nowhere(leaking) if doubtful else 0.0
            self._doubtful = doubtful
        if self._pressure_driven:
            # EN_DEFICIENTNODES would be cheaper to ask, but EN_getstatistic crashes epanet-plus.
            drawn = engine.of_all_nodes(EN.EN_DEMANDFLOW)
            rates[DELIVERED] = drawn.sum()
            missing = (self._demand - drawn).clip(min=0.0)
            if self.surges or rates[ADDED]:
                share = self._customers_share()
                rates[ADDED] = (drawn * (1.0 - share)).sum()
                missing *= share
            self._miss(missing)
        elif code:
            self._note_negative(engine.of_all_nodes(EN.EN_PRESSURE))
        elif rates[UNMET]:
            self._miss(np.zeros_like(self._demand))

    def _from_nowhere(self, leaking: Collection[int]) -> float:
        """Return by how much more is drawn at all nodes than comes to them [L/s]."""
        # EPANET 2.3.6 goes on counting the last flow of a leak that is mended.
        mended = self._leaky.difference(leaking)
        stale = sum(self._engine.at_nodes(mended, EN.EN_EMITTERFLOW))
        return float(self._engine.of_all_nodes(EN.EN_DEMAND).sum()) - stale

    def _look(self) -> None:
        rates = self._meters.rates
        self._demand = self._own = self._engine.of_all_nodes(EN.EN_FULLDEMAND)
        if self.surges:
            self._own = self._demand.copy()
            for node, (factor, added) in self.surges.items():
                self._own[node - 1] = (self._demand[node - 1] - added) / max(factor, 1.0)
        rates[ADDED] = (self._demand - self._own).sum()
        self._wanted = self._own.clip(min=0.0)
        self._fed = bool(self._demand.min() < 0.0)
        self._meters.added[:] = self._by_dma(self._demand - self._own)
        self._meters.demanded[:] = self._by_dma(self._demand.clip(min=0.0))
        rates[DELIVERED] = self._demand.sum()
        low = self._engine.of_all_nodes(EN.EN_PRESSURE) < LOW_PRESSURE
        rates[LOW] = np.count_nonzero(low & (self._wanted > 0.0))

    def _customers_share(self) -> Values:
        """Return which share of each node's demand is its customers' own."""
        drawing = self._demand > 0.0
        return np.divide(self._own, self._demand, out=np.ones_like(self._own), where=drawing)

    def _miss(self, unmet: Values) -> None:
        self._meters.rates[UNMET] = unmet.sum()
        self._meters.unmet[:] = self._by_dma(unmet)

    def _by_dma(self, flows: Values) -> Values:
        """Return the districts' sums of all nodes' flows."""
        return np.asarray(np.bincount(self._dma_of, flows, self._dmas + 1)[:-1], dtype=float)

    def _note_negative(self, pressures: Values) -> None:
        """Count the demand of junctions below zero pressure as unmet."""
        below = (pressures < 0.0) & (self._wanted > 0.0)
        self._miss(np.where(below, self._wanted, 0.0))
        if not below.any():
            return
        place = int(np.where(below, pressures, 0.0).argmin())
        lowest = self._meters.lowest
        if lowest is None or pressures[place] < lowest.pressure:
            found = Lowest(float(pressures[place]), self._names[place], self._engine.time)
            self._meters.lowest = found
