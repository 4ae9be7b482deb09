"""A particle filter for a tank level that the record hides and no pressure determines.

The level shows later: in when the pumps run that it starts and stops, and in what they send to
other tanks. Each particle is a testbed that goes an hour ahead from a level of its own; those that
meet the next row's statuses and other levels are resampled more often (the bootstrap filter of
Gordon, Salmond and Smith 1993, IEE Proc. F 140, 107-113). The estimate for a row uses no row after
it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attacks.entries.armed import arm
from scenarios.definition.scenario import Scenario
from scenarios.validation.hidden_readings import level_bounds
from twin.closeable import Closing
from twin.plants.spec import PlantSpec
from twin.shadow.inference import Inference
from twin.tags import Values
from twin.testbed import Testbed
from twin.units import HOUR
from twin.water.demand import Playback

PARTICLES = 60
_ROUNDING = 0.005  # either way, of a level in a row [m]
_LEVEL_ERROR = 0.006
"""Standard deviation of another tank's forecast [m]: rounding, and half of a second."""
_LEVEL_OUTLIER = 1e-3  # likelihood of a level far off: its own rule's instant was missed
_STATUS_ERROR = 0.02  # likelihood of statuses other than the row's
_PROCESS_NOISE = 0.04  # of a hidden level within an hour, standard deviation [m]


def sample_unrounded(row: Values, rims: Values, rng: np.random.Generator) -> Values:
    """Return a row with levels sampled from those that round to its own; a full tank stays full.

    Parameters
    ----------
    row, rims : ndarray of shape (tags,)
        The rims [m] as of `scenarios.validation.hidden_readings.level_bounds`.
    rng : Generator
    """
    return np.asarray(row + rng.uniform(-_ROUNDING, _ROUNDING, len(row)) * (row < rims))


class _Particle:
    """A testbed that is restarted from a state at each hour."""

    def __init__(self, spec: PlantSpec, scenario: Scenario, hours: int):
        self.testbed = Testbed(spec, seed=scenario.seed, start=scenario.start, warmup=0)
        arm(scenario.attacks, self.testbed)
        self.testbed.recording = False
        self.testbed.demand = Playback(np.zeros((hours + 1, len(spec.profiled))))
        self.testbed.actors.append(self._restart)
        self._hours = self.testbed.run(hours * HOUR)
        self._row = self._demands = np.empty(0)

    def _restart(self, now: float, _: Values) -> None:
        if not now % HOUR:
            self.testbed.impose(self._row)
            self.testbed.plant.set_demands(self._demands)

    def advance(self, row: Values, demands: Values) -> None:
        """Go an hour on from a row, under its demands, up to the instant of the next."""
        self._row, self._demands = row, demands
        next(self._hours)

    def settings(self) -> dict[str, float]:
        """Return what PLCs will have set at the coming instant, by the levels there are now."""
        plant = self.testbed.plant
        names = self.testbed.spec.tag_names
        readings = dict(zip(names, plant.values.tolist(), strict=True))
        settings = dict(plant.settings)
        for plc in self.testbed.plcs.values():
            for rule in plc.rules:
                if set(rule.when.names) <= readings.keys() and rule.when.holds(readings):
                    settings[rule.actuator] = rule.commanded(plant.settings[rule.actuator])
        return settings

    def close(self) -> None:
        """Give the engine back."""
        self.testbed.close()


class ParticleFilter(Closing):
    """Follows a hidden level through a window's rows, hour after hour.

    Parameters
    ----------
    spec : PlantSpec
    scenario : Scenario
    hours : int
        How many rows there are from the scenario's start on.
    """

    def __init__(self, spec: PlantSpec, scenario: Scenario, hours: int):
        self._rng = np.random.default_rng(scenario.seed)
        self._inference = Inference(spec)
        tags = spec.tags
        self._levels = np.array([tag.quantity == "level" for tag in tags])
        self._statuses = [(i, t.element) for i, t in enumerate(tags) if t.quantity == "status"]
        self._rims = level_bounds(spec)[1]
        self._particles = [_Particle(spec, scenario, hours) for _ in range(PARTICLES)]

    def advance(self, row: Values, demands: Values) -> None:
        """Go an hour on from a row that hides nothing, under its demands."""
        for particle in self._particles:
            particle.advance(sample_unrounded(row, self._rims, self._rng), demands)

    def update(self, row: Values, hidden: NDArray[np.bool_]) -> tuple[Values, Values]:
        """Weigh the particles by a row, estimate its hidden levels, and go an hour on from it.

        Parameters
        ----------
        row, hidden : ndarray of shape (tags,)
            Statuses, and some levels, are not hidden.

        Returns
        -------
        estimate : ndarray of shape (tags,)
            The row, its hidden levels those of a particle in the middle of the majority: of those
            that will have set pumps and valves alike at the next row.
        multipliers : ndarray of shape (DMAs,)
        """
        places = np.flatnonzero(hidden & self._levels)
        forecasts = np.array([particle.testbed.plant.values for particle in self._particles])
        weights = self._weights(forecasts, row, self._levels & ~hidden)
        resampled = self._rng.choice(PARTICLES, PARTICLES, p=weights / weights.sum())
        levels = forecasts[resampled][:, places]
        levels += self._rng.normal(0.0, _PROCESS_NOISE, levels.shape)
        levels = np.clip(levels, 0.0, self._rims[places])
        for particle, level in zip(self._particles, levels, strict=True):
            start = sample_unrounded(row, self._rims, self._rng)
            start[places] = level
            particle.advance(start, self._infer_demands(row, places, level))
        settings = [tuple(particle.settings().values()) for particle in self._particles]
        majority = max(set(settings), key=settings.count)
        agreed = levels[[each == majority for each in settings]]
        off = np.abs(agreed - np.median(agreed, axis=0)).sum(axis=1)
        estimate = row.copy()
        estimate[places] = agreed[int(np.argmin(off))]
        return estimate, self._infer_demands(row, places, estimate[places])

    def _weights(self, forecasts: Values, row: Values, seen: NDArray[np.bool_]) -> Values:
        """Return how likely each particle makes a row: by its levels and its statuses."""
        off = (forecasts[:, seen] - row[seen]) / _LEVEL_ERROR
        weights = np.prod(np.exp(-0.5 * off**2) + _LEVEL_OUTLIER, axis=1)
        for i, particle in enumerate(self._particles):
            settings = particle.settings()
            for place, element in self._statuses:
                if element in settings and (settings[element] > 0.0) != (row[place] > 0.0):
                    weights[i] *= _STATUS_ERROR
        return np.asarray(weights)

    def _infer_demands(self, row: Values, places: NDArray[np.intp], level: Values) -> Values:
        """Return the demands behind a row whose hidden levels are these."""
        frame = row.copy()
        frame[places] = level
        return self._inference.explain(frame).multipliers

    def close(self) -> None:
        """Give the engines back."""
        for particle in self._particles:
            particle.close()
        self._inference.close()
