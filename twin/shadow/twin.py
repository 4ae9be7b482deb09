"""The shadow twin: a SCADA's frames in, what physics expects of each and where it is off out.

A frame's levels and states are believed; the demands of the districts are fitted to its flows and
pressures; what remains is the frame's residual, and a level's next value follows from its inflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from twin.closeable import Closing
from twin.errors import PlantError
from twin.plants.profile import DAY_TYPE
from twin.plants.spec import PlantSpec
from twin.shadow.fitting import READING, Balance, DemandFit, Fit, Instant, Mask
from twin.shadow.network import ShadowNetwork
from twin.shadow.perturbation import Perturbation
from twin.tags import Values
from twin.units import DAY, HOUR, time_of_day
from twin.water.model import Physics

REFIT = "refit:demands"
"""The column that is 1 where demands were fitted anew, as at the first frame of an hour, else 0."""
START = datetime(2026, 1, 5)
"""Of frames whose date is not known: a Monday, midnight."""
_ACCURACY = 1e-4  # EPANET's; coarser leaves noise that hides a pressure's answer to a demand
_BALANCED = (2, 4, 7, 10)  # frames of an hour at which what tanks gained so far is weighed in
_SPREAD_OWN = 0.1  # standard deviation of a factor on demands that follow their pattern
_SPREAD_LEAST = 0.01  # of a drawn multiplier
_FARTHEST = 1e4  # a residual is cut here: a dry network's pressures are -2e7 m
_GAP = 1.5  # intervals; a frame after a longer silence says nothing about a level's course


@dataclass(frozen=True, slots=True)
class Expectation:
    """What physics expects of the last frame, and of the next one.

    Attributes
    ----------
    time_s : float
    demands : ndarray of shape (DMAs,)
        The fitted multipliers, in the order of `PlantSpec.dmas`; where demands follow a pattern
        and not the profile, factors on it.
    usual_demands : ndarray of shape (DMAs,)
        What they are on average at this hour.
    values : ndarray of shape (tags,)
        The frame as physics expects it, each tag in its unit: levels from the frame before (NaN
        at the first), states as they were shown.
    next_levels : ndarray of shape (level tags,)
        What each level tag would read [m] an interval later if nothing switches.
    """

    time_s: float
    demands: Values
    usual_demands: Values
    values: Values
    next_levels: Values


class ShadowTwin(Closing):
    """Runs beside a SCADA and says of each frame how far it is from physics.

    Demands are taken to be constant within an hour. In its first frame they are fitted to flows
    and pressures with the profile's mean and spread as a prior (a plant without a profile: its
    patterns' own multipliers); where something switches, again; and where nothing does, what the
    tanks have gained corrects them.
    Where a tank is so close to its rim or bottom that rounding hides on which side, both are tried.

    Parameters
    ----------
    spec : PlantSpec
        Any plant; tanks without a level tag follow from their inflow alone.
    interval_s : float
        From frame to frame [s].
    start : datetime
        Of time 0: demand depends on the day and the hour.
    pressure_driven : bool
    required_pressure : float, optional
        As in `twin.water.plant.Plant`.
    perturb : Perturbation, optional
        Makes it a wrong shadow, as a defender's is who does not hold the exact plant.

    Attributes
    ----------
    columns : tuple of str
        What `extend` returns: `residual:F_PU1` and `projected:F_PU1` of each flow [L/s] and
        pressure [m] (seen less expected; and the part that no demand explains), `step:DMA1` (by
        how much this frame alone would move a district's multiplier), `z:DMA1` (how many standard
        deviations the multiplier is off its hour's mean), `level:L_T1` [m] (how far a level is
        from where its inflow took it since the last frame), and `REFIT`.
    """

    columns: tuple[str, ...]

    def __init__(
        self,
        spec: PlantSpec,
        *,
        interval_s: float = 300.0,
        start: datetime = START,
        pressure_driven: bool = False,
        required_pressure: float | None = None,
        perturb: Perturbation | None = None,
    ):
        self.spec = spec
        self.interval_s = interval_s
        self.start = start
        self.perturbation = perturb
        clock = int(start.isoweekday() % 7 * DAY + time_of_day(start))
        required_pressure = required_pressure or spec.required_pressure
        physics = Physics(clock, pressure_driven, required_pressure, _ACCURACY)
        self._network = ShadowNetwork(spec, physics, perturb)
        self._map_tags()
        self.districts = tuple(spec.dmas)
        fitted = [spec.tags[place].name for place in self._measured]
        self.columns = (
            *(f"residual:{name}" for name in fitted),
            *(f"projected:{name}" for name in fitted),
            *(f"step:{name}" for name in self.districts),
            *(f"z:{name}" for name in self.districts),
            *(f"level:{spec.tags[place].name}" for place in self._level_places),
            REFIT,
        )
        self._prior_table = self._read_prior()
        self._first_hour = start.weekday() * 24 + start.hour
        self.reset()

    def _map_tags(self) -> None:
        tags = self.spec.tags
        places: dict[str, dict[str, int]] = {q: {} for q in ("flow", "pressure", "level", "status")}
        for place, tag in enumerate(tags):
            places[tag.quantity].setdefault(tag.element, place)
        by_quantity = [
            [place for place, tag in enumerate(tags) if tag.quantity == quantity]
            for quantity in ("flow", "pressure", "level")
        ]
        self._measured = np.array(by_quantity[0] + by_quantity[1], dtype=np.intp)
        self._level_places = np.array(by_quantity[2], dtype=np.intp)
        names = self._network.tanks.names
        self._level_tanks = np.array(
            [names.index(tags[place].element) for place in self._level_places], dtype=np.intp
        )
        # A drive without a status tag is open where its flow is not 0.
        shown = {**places["flow"], **places["status"]}
        self._drive_places = np.array(
            [shown.get(name, -1) for name in self._network.drives], dtype=np.intp
        )

    def _read_prior(self) -> tuple[Values, Values]:
        """Return mean and standard deviation by hour of the week; (168, DMAs), Monday first."""
        spec, count = self.spec, len(self.districts)
        mean, std = np.ones((168, count)), np.full((168, count), _SPREAD_OWN)
        if spec.profiled:
            profile = spec.profile
            shape = (count, 3, 24)
            means, stds = (np.broadcast_to(each, shape) for each in (profile.mean, profile.std))
            for i, district in enumerate(self.districts):
                if district in spec.profiled:
                    mean[:, i] = np.concatenate([means[i, day] for day in DAY_TYPE])
                    std[:, i] = np.concatenate([stds[i, day] for day in DAY_TYPE])
        return mean, np.maximum(std, _SPREAD_LEAST)

    def reset(self) -> None:
        """Begin a new sequence of frames: the same frames then give the same numbers again."""
        self._network.restart()
        self._fit = DemandFit(self._network)
        self._levels = self._network.initial_levels.copy()
        self._rates = np.zeros(len(self._levels))
        self._opened = self._network.initially_open.copy()
        self._time: float | None = None
        self._hour: int | None = None
        self._shut = np.zeros(len(self._levels), dtype=bool)
        self._demands = self._prior(0)[0]
        self._noise = None if self.perturbation is None else self.perturbation.readings()
        self._expectation: Expectation | None = None

    def _prior(self, hour: int) -> tuple[Values, Values]:
        mean, std = self._prior_table
        row = (self._first_hour + hour) % 168
        return mean[row], std[row]

    def expects(self) -> Expectation:
        """Return what physics expects of the last frame and the next one.

        Raises
        ------
        ValueError
            If there was no frame yet, or EPANET could not solve the last one.
        """
        if self._expectation is None:
            raise ValueError("no frame has been explained yet: nothing is expected")
        return self._expectation

    def extend(self, time_s: float, values: Values) -> Values:
        """Take the next frame.

        Parameters
        ----------
        time_s : float
            Later than the last one's [s since `start`].
        values : ndarray of shape (tags,)
            Each tag in its unit, raw or at two decimals as SCADA shows it; NaN where a reading is
            missing: a level then follows from its inflow, and a state is as before.

        Returns
        -------
        ndarray of shape (columns,)
            NaN where a reading is missing, or nothing can be said: of levels at the first frame
            and after missing frames; of everything where EPANET finds no solution.

        Raises
        ------
        ValueError
            If time does not increase.
        """
        if self._time is not None and time_s <= self._time:
            raise ValueError(f"frame at {time_s:g} s after one at {self._time:g} s")
        values = self._with_noise(np.asarray(values, dtype=float))
        seconds = None if self._time is None else time_s - self._time
        levels, opened = self._believed(values, seconds)
        switched = bool((opened != self._opened).any())
        hour = int(time_s // HOUR)
        if hour != self._hour or seconds is None or seconds > _GAP * self.interval_s:
            self._begin_hour(hour, time_s, levels)
        else:
            self._frames += 1
            self._any_switched |= switched
        try:
            between = self._between(levels, opened)
            fit = self._explain(values, time_s, levels, opened, switched)
        except PlantError:
            return self._lose(time_s, levels, opened)
        rates = self._rates_of(levels, fit.inflows)
        courses = [self._rates, *between]
        if switched or (fit.shut != self._shut).any():
            courses.append(rates)
        level_errors = self._level_errors(values, seconds, np.array(courses))
        self._expect(time_s, fit, levels, rates, opened, seconds)
        self._gains += fit.inflows
        self._levels, self._rates, self._demands = levels, rates, fit.demands
        self._opened, self._shut, self._time = opened, fit.shut, time_s
        mean, std = self._prior(hour)
        missing = ~np.isfinite(values[self._measured])
        residual = np.where(missing, np.nan, fit.residual)
        projected = np.where(missing, np.nan, fit.projected)
        z = (fit.demands - mean) / std
        refit = [float(self._frames == 0)]
        row = np.concatenate([residual, projected, fit.steps, z, level_errors, refit])
        return np.asarray(np.clip(row, -_FARTHEST, _FARTHEST))

    def extend_table(self, table: pd.DataFrame) -> pd.DataFrame:
        """Take a whole table of frames, as a sequence of its own.

        Parameters
        ----------
        table : DataFrame
            A row a frame, indexed by time [s since `start`], a column a tag.

        Returns
        -------
        DataFrame
            With the same index and `columns`: the numbers `extend` gives row by row.
        """
        self.reset()
        rows = table[list(self.spec.tag_names)].to_numpy(dtype=float)
        times = table.index.to_numpy(dtype=float)
        found = np.empty((len(rows), len(self.columns)))
        for i, (time_s, row) in enumerate(zip(times.tolist(), rows, strict=True)):
            found[i] = self.extend(time_s, row)
        return pd.DataFrame(found, index=table.index, columns=list(self.columns))

    def _with_noise(self, values: Values) -> Values:
        spread = 0.0 if self.perturbation is None else self.perturbation.sensor_noise
        if self._noise is None or spread == 0.0:
            return values
        noise = self._noise.standard_normal(len(values)) * spread
        values = values.copy()
        values[self._measured] *= 1.0 + noise[self._measured]
        values[self._level_places] += noise[self._level_places]
        return values

    def _believed(self, values: Values, seconds: float | None) -> tuple[Values, Mask]:
        """Return levels [m] and which drives are open: as shown, or as they follow from before."""
        levels = self._levels + self._rates * (seconds or 0.0)
        shown = values[self._level_places]
        known = np.isfinite(shown)
        levels[self._level_tanks[known]] = shown[known]
        levels = np.clip(levels, self._network.tanks.lowest, self._network.tanks.highest)
        states = np.where(self._drive_places < 0, np.nan, values[self._drive_places])
        opened = np.where(np.isfinite(states), np.abs(states) > READING, self._opened)
        return levels, opened.astype(bool)

    def _begin_hour(self, hour: int, time_s: float, levels: Values) -> None:
        self._hour, self._hour_time = hour, time_s
        self._frames = 0
        self._any_switched = False
        self._hour_levels = levels
        self._gains = np.zeros(len(levels))
        self._free = np.ones(len(levels), dtype=bool)
        self._fit.begin(*self._prior(hour))

    def _explain(
        self, values: Values, time_s: float, levels: Values, opened: Mask, switched: bool
    ) -> Fit:
        network, gap = self._network, _GAP * self.interval_s
        network.set_time(time_s)
        balance = self._balance(time_s, levels)
        seconds = 0.0 if self._time is None else time_s - self._time
        followed = seconds <= gap and self._frames > 0  # at the hour, demands were others before
        at = Instant(
            levels, self._levels, seconds if followed else 0.0, opened, values[self._measured]
        )
        return self._fit.explain(at, balance, self._frames == 0 or switched)

    def _balance(self, time_s: float, levels: Values) -> Balance | None:
        """Return what tanks gained since the hour began; of those that may have been full, none."""
        tanks = self._network.tanks
        self._free &= (levels > np.array(tanks.lowest) + READING) & (
            levels < np.array(tanks.highest) - READING
        )
        if self._frames not in _BALANCED or self._any_switched:
            return None
        which = self._level_tanks[self._free[self._level_tanks]]
        areas = 1e3 / np.array(tanks.rates(levels.tolist(), [1e6] * len(levels)))[which]
        per_second = areas * 1000.0 / (time_s - self._hour_time)
        gained = (levels - self._hour_levels)[which] * per_second
        off = gained - self._gains[which] / self._frames
        return Balance(which, off, READING * per_second)

    def _rates_of(self, levels: Values, inflows: Values) -> Values:
        return np.array(self._network.tanks.rates(levels.tolist(), inflows.tolist()))

    def _between(self, levels: Values, opened: Mask) -> list[Values]:
        """Return how fast tanks may have filled [m/s] where several drives switched one by one.

        That is with each of them switched alone, and with each alone yet to switch; in the first
        frame of an hour, whose own rates are those of new demands, also as all stands now.
        """
        drives = np.flatnonzero(opened != self._opened)
        states = [] if self._frames else [opened]
        for drive in drives if len(drives) > 1 else ():
            for state in (self._opened, opened):
                states.append(state.copy())
                states[-1][drive] ^= True
        found = []
        for state in states:
            self._network.impose(levels, state)
            found.append(self._rates_of(levels, self._network.solve(self._demands)[1]))
        return found

    def _level_errors(self, values: Values, seconds: float | None, courses: Values) -> Values:
        """Return how far each level is from where its inflow took it [m].

        Parameters
        ----------
        values : ndarray of shape (tags,)
        seconds : float, optional
            Since the last frame.
        courses : ndarray of shape (n, tanks)
            How fast tanks may have filled since then [m/s]: whatever lies between is expected, but
            nothing beyond rim or bottom.
        """
        shown = values[self._level_places]
        if seconds is None or seconds > _GAP * self.interval_s:
            return np.full(len(shown), np.nan)
        tanks = self._level_tanks
        rise = shown - self._levels[tanks]
        rises = courses[:, tanks] * seconds
        low, high = rises.min(axis=0), rises.max(axis=0)
        bounds = self._network.tanks.lowest, self._network.tanks.highest
        bottom, rim = (np.array(each)[tanks] - self._levels[tanks] for each in bounds)
        low, high = np.clip(low, bottom, rim), np.clip(high, bottom, rim)
        return np.asarray(rise - np.clip(rise, low, high))

    def _expect(
        self,
        time_s: float,
        fit: Fit,
        levels: Values,
        rates: Values,
        opened: Mask,
        seconds: float | None,
    ) -> None:
        values = np.full(len(self.spec.tags), np.nan)
        values[self._measured] = fit.expected
        drives = self._drive_places >= 0
        places = self._drive_places[drives]
        states = np.array([self.spec.tags[place].quantity == "status" for place in places], bool)
        values[places[states]] = opened[drives][states]
        if seconds is not None:
            values[self._level_places] = (self._levels + self._rates * seconds)[self._level_tanks]
        assert self._hour is not None
        self._expectation = Expectation(
            time_s,
            fit.demands,
            self._prior(self._hour)[0],
            values,
            (levels + rates * self.interval_s)[self._level_tanks],
        )

    def _lose(self, time_s: float, levels: Values, opened: Mask) -> Values:
        """Go on after a frame that EPANET cannot solve."""
        self._network.restart()
        self._expectation = None
        self._levels, self._opened, self._time = levels, opened, time_s
        self._rates = np.zeros(len(levels))
        self._hour = None
        return np.full(len(self.columns), np.nan)

    def close(self) -> None:
        """Give the engine back."""
        self._network.close()
