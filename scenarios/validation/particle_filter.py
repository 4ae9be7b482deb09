"""A level that rows hide and no pressure tells, followed by many runs beside each other.

It shows later: in when the pumps run that it starts and stops, and in what they send to other
tanks. Members go an hour ahead, each from a level of its own; those that meet the next row's
statuses and other levels multiply (the bootstrap filter of Gordon, Salmond and Smith 1993, IEE
Proc. F 140, 107-113). What is said of a row uses none after it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attacks.entries.entry import arm
from scenarios.definition.scenario import Scenario
from scenarios.validation.hidden_readings import bounds
from twin.closeable import Closing
from twin.plants.spec import PlantSpec
from twin.shadow.inference import Inference
from twin.tags import Values
from twin.testbed import Testbed
from twin.units import HOUR
from twin.water.demand import Playback

MEMBERS = 60
_ROUNDED = 0.005  # either way, of a level in a row [m]
_NEAR = 0.006  # of another tank's forecast, standard deviation [m]: rounding, and half of a second
_STRAY = 1e-3  # likelihood of a level far off: its own rule's instant was missed
_WRONG = 0.02  # likelihood of statuses other than the row's
_WANDER = 0.04  # m by which a hidden level's forecast is off within an hour, standard deviation


def blurred(row: Values, rims: Values, draws: np.random.Generator) -> Values:
    """Return a row at one of the levels that are rounded to its own; a full tank stays full.

    Parameters
    ----------
    row, rims : ndarray of shape (tags,)
        The rims [m] as of `scenarios.validation.hidden_readings.bounds`.
    draws : Generator
    """
    return np.asarray(row + draws.uniform(-_ROUNDED, _ROUNDED, len(row)) * (row < rims))


class _Member:
    """A run that is put on a row at each hour."""

    def __init__(self, spec: PlantSpec, scenario: Scenario, hours: int):
        self.bed = Testbed(spec, seed=scenario.seed, start=scenario.start, warmup=0)
        arm(scenario.attacks, self.bed)
        self.bed.recording = False
        self.bed.demand = Playback(np.zeros((hours + 1, len(spec.profiled))))
        self.bed.actors.append(self._put)
        self._hours = self.bed.run(hours * HOUR)
        self._row = self._demands = np.empty(0)

    def _put(self, now: float, _: Values) -> None:
        if not now % HOUR:
            self.bed.impose(self._row)
            self.bed.plant.set_demands(self._demands)

    def go(self, row: Values, demands: Values) -> None:
        """Go an hour on from a row, under its demands, up to the instant of the next."""
        self._row, self._demands = row, demands
        next(self._hours)

    def settings(self) -> dict[str, float]:
        """Return what PLCs will have set at the coming instant, by the levels there are now."""
        plant = self.bed.plant
        names = self.bed.spec.tag_names
        present = dict(zip(names, plant.values.tolist(), strict=True))
        settings = dict(plant.settings)
        for plc in self.bed.plcs.values():
            for rule in plc.rules:
                if set(rule.when.names) <= present.keys() and rule.when.holds(present):
                    settings[rule.actuator] = rule.command
        return settings

    def close(self) -> None:
        """Give the engine back."""
        self.bed.close()


class Ensemble(Closing):
    """Follows a hidden level through a stretch's rows, hour after hour.

    Parameters
    ----------
    spec : PlantSpec
    scenario : Scenario
    hours : int
        How many rows there are from the scenario's start on.
    """

    def __init__(self, spec: PlantSpec, scenario: Scenario, hours: int):
        self._network = spec
        self._draws = np.random.default_rng(scenario.seed)
        self._inference = Inference(spec)
        tags = spec.tags
        self._levels = np.array([tag.quantity == "level" for tag in tags])
        self._statuses = [(i, t.element) for i, t in enumerate(tags) if t.quantity == "status"]
        self._rims = bounds(spec)[1]
        self._members = [_Member(spec, scenario, hours) for _ in range(MEMBERS)]

    def go(self, row: Values, demands: Values) -> None:
        """Go an hour on from a row that hides nothing, under its demands."""
        for one in self._members:
            one.go(blurred(row, self._rims, self._draws), demands)

    def follow(self, row: Values, hidden: NDArray[np.bool_]) -> tuple[Values, Values]:
        """Weigh the members by a row, go an hour on from it, and say how it most likely stood.

        Parameters
        ----------
        row, hidden : ndarray of shape (tags,)
            Statuses, and some levels, are not hidden.

        Returns
        -------
        known : ndarray of shape (tags,)
            The row, its hidden levels those of a member in the middle of the majority: of those
            that will have set pumps and valves alike at the next row.
        multipliers : ndarray of shape (DMAs,)
        """
        places = np.flatnonzero(hidden & self._levels)
        forecasts = np.array([one.bed.plant.values for one in self._members])
        fits = self._fits(forecasts, row, self._levels & ~hidden)
        chosen = self._draws.choice(MEMBERS, MEMBERS, p=fits / fits.sum())
        levels = forecasts[chosen][:, places]
        levels += self._draws.normal(0.0, _WANDER, levels.shape)
        levels = np.clip(levels, 0.0, self._rims[places])
        for one, level in zip(self._members, levels, strict=True):
            start = blurred(row, self._rims, self._draws)
            start[places] = level
            one.go(start, self._explain(row, places, level))
        ahead = [tuple(one.settings().values()) for one in self._members]
        majority = max(set(ahead), key=ahead.count)
        agreed = levels[[settings == majority for settings in ahead]]
        off = np.abs(agreed - np.median(agreed, axis=0)).sum(axis=1)
        known = row.copy()
        known[places] = agreed[int(np.argmin(off))]
        return known, self._explain(row, places, known[places])

    def _fits(self, forecasts: Values, row: Values, seen: NDArray[np.bool_]) -> Values:
        """Return how likely each member makes a row: by its levels and its statuses."""
        off = (forecasts[:, seen] - row[seen]) / _NEAR
        fits = np.prod(np.exp(-0.5 * off**2) + _STRAY, axis=1)
        for i, one in enumerate(self._members):
            settings = one.settings()
            for place, element in self._statuses:
                if element in settings and (settings[element] > 0.0) != (row[place] > 0.0):
                    fits[i] *= _WRONG
        return np.asarray(fits)

    def _explain(self, row: Values, places: NDArray[np.intp], level: Values) -> Values:
        """Return the demands behind a row whose hidden levels are these."""
        frame = row.copy()
        frame[places] = level
        return self._inference.explain(frame).multipliers

    def close(self) -> None:
        """Give the engines back."""
        for one in self._members:
            one.close()
        self._inference.close()
