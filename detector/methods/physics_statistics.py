"""The statistics of `physics`: what the shadow's columns and the rules say now, and over hours.

Each is one number a frame, 0 where all is as physics says. They lie in groups, of which each has
its own alarm line: one line for all would have to lie above the noisiest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.base import HOUR, Floats
from detector.methods.physics_plant import Plant
from detector.methods.physics_rules import Drives, RuleStatistics

GROUPS = ("frame", "step", "balance", "offset", "spread", "demand", "rules", "cycling")
"""A frame against physics; what a demand would have to jump by; a tank's level against its inflow;
flows and pressures off for long; or now and then; demand against its hour's mean; a PLC against its
rules; drives that switch too often."""

REFIT = "refit:demands"
_SOURCES = ("residual", "projected", "step", "z", "level")
_LAWS = {
    "": "rules",
    "level": "mass balance",
    "projected": "hydraulics",
    "residual": "demand",
    "step": "demand",
    "z": "demand",
}
_FLOORS = {"residual": 0.005, "projected": 0.005, "step": 0.002, "z": 1.0, "level": 0.005}
_FARTHEST = 1e6  # a shadow's column is cut here before it is scaled
_MOST = 1e3  # a scaled column is cut here
_QUANTILE = 0.995
_FEWEST = 200  # rows of a bin for scales of its own
_RIM = 0.015  # m below its rim, a tank counts as at it
_BINS = 16
_BALANCE_H = (0.25, 1, 3, 6, 24)
_OFFSET_H = (1, 6, 24)
_STEP_H = (0.5, 3)
_SPREAD_H = (1,)
_DEMAND_H = (3, 6, 12, 24, 48)
_LEVEL_CUT = 0.02  # m a frame: a jump counts once, among the present values
_CUT = 3.0  # a scaled value, in sums
_Z_CUT = 3.5
_Z_QUANTILE = 2.6  # of a normal distribution's |z|, about 99.5 % lie below


@dataclass(frozen=True, slots=True)
class Statistic:
    """What one number of a frame is about.

    Attributes
    ----------
    group
        One of `GROUPS`.
    kind
        `now`, `sum`, `mean`, `spread`, or a kind of `RuleStatistics`.
    source
        Of a column, what stands before the colon; of a rule, empty.
    name
        The tag, the district, or the actuator.
    hours
        Over how long; 0 for the present value.
    floor
        The least that its normal value is taken for.
    """

    group: str
    kind: str
    source: str
    name: str
    hours: float
    floor: float

    @property
    def law(self) -> str:
        """Which law it is about: the first words of what its equations are called."""
        return _LAWS[self.source]


class Layout:
    """Where everything stands in a detector's columns, and which statistics follow.

    Parameters
    ----------
    columns
        Tags, then a shadow's columns.
    plant
    interval_s
        From frame to frame [s].

    Attributes
    ----------
    tags
        The columns that are readings.
    channels
        Source and name of each of the shadow's columns, without `REFIT`.
    statistics
        In the order of `Statistics.update`.
    """

    def __init__(self, columns: Sequence[str], plant: Plant, interval_s: float) -> None:
        self.plant, self.interval_s = plant, interval_s
        self.tags = tuple(name for name in columns if ":" not in name)
        places: dict[str, list[int]] = {source: [] for source in _SOURCES}
        for place, column in enumerate(columns):
            source = column.partition(":")[0]
            if ":" in column and source in places:
                places[source].append(place)
        self.columns = tuple(columns)
        self._order = np.array([p for source in _SOURCES for p in places[source]], dtype=np.intp)
        self.channels = tuple(_split(columns[place]) for place in self._order)
        self.parts = {
            source: np.array(
                [i for i, (kind, _) in enumerate(self.channels) if kind == source], dtype=np.intp
            )
            for source in _SOURCES
        }
        self._refit = columns.index(REFIT) if REFIT in columns else None
        self._tag_places = np.array(
            [place for place, name in enumerate(columns) if ":" not in name], dtype=np.intp
        )
        self.drives = Drives(plant.controls, self.tags)
        self._map_states()
        self.statistics = tuple(self._list())

    def _map_states(self) -> None:
        """Note which tags say what state the plant, and each district of it, is in."""
        plant, tags = self.plant, self.tags
        self._statuses = np.array(
            [
                i
                for i, name in enumerate(tags)
                if plant.point(name).unit == "" and name.startswith("S_")
            ]
            if not plant.points
            else [
                i
                for i, name in enumerate(tags)
                if name in plant.points and not plant.points[name].unit
            ],
            dtype=np.intp,
        )
        districts = sorted({point.district for point in plant.points.values()} | {""})
        self._rims = np.zeros((len(districts), len(tags)))
        self._rim_levels = np.full(len(tags), np.inf)
        for tag, rim in plant.rims.items():
            if tag in tags:
                self._rim_levels[tags.index(tag)] = rim - _RIM
                self._rims[districts.index(plant.point(tag).district), tags.index(tag)] = 1.0
        self._pumps = np.zeros((len(districts), len(tags)))
        for place in self._statuses:
            self._pumps[districts.index(plant.point(tags[place]).district), place] = 1.0
        for row in (self._rims[0], self._pumps[0]):
            row[:] = 0.0  # outside every district
        self._district = np.array(
            [
                districts.index(name if source in ("step", "z") else plant.point(name).district)
                if (name if source in ("step", "z") else plant.point(name).district) in districts
                else 0
                for source, name in self.channels
            ],
            dtype=np.intp,
        )

    def _list(self) -> list[Statistic]:
        found = []

        def add(group: str, kind: str, source: str, hours: Sequence[float], floor: float) -> None:
            for each in hours:
                for place in self.parts[source]:
                    name = self.channels[place][1]
                    found.append(Statistic(group, kind, source, name, each, floor))

        present = {"residual": "step", "projected": "frame", "step": "step", "z": "demand"}
        for source in _SOURCES:
            add(present.get(source, "balance"), "now", source, (0,), 1.0)
        add("balance", "sum", "level", _BALANCE_H, 0.012)
        add("offset", "mean", "projected", _OFFSET_H, 0.1)
        add("demand", "sum", "z", _DEMAND_H, 1e-3)
        add("step", "mean", "step", _STEP_H, 0.1)
        add("spread", "spread", "projected", _SPREAD_H, 0.3)
        ruled = [each.actuator for each in self.drives.ruled]
        found += [Statistic("rules", "late", "", name, 0, 3.0) for name in ruled]
        found += [Statistic("rules", "odd", "", name, 0, 0.05) for name in ruled]
        found += [Statistic("cycling", "switches", "", name, 6, 6.0) for name in ruled]
        unruled = [each.actuator for each in self.drives.unruled]
        found += [Statistic("rules", "unruled", "", name, 0, 0.5) for name in unruled]
        return found

    def readings(self, rows: Floats) -> Floats:
        """Return the tags of rows; shape ``(T, tags)`` of ``(T, C)``."""
        return np.asarray(rows[..., self._tag_places])

    def shadow(self, rows: Floats) -> Floats:
        """Return the shadow's columns by source, 0 where NaN; ``(T, channels)`` of ``(T, C)``."""
        known = np.nan_to_num(rows[..., self._order], nan=0.0)
        return np.asarray(np.clip(known, -_FARTHEST, _FARTHEST))

    def refit(self, rows: Floats) -> NDArray[np.bool_]:
        """Return which rows had their demands fitted anew; ``(T,)`` of ``(T, C)``."""
        if self._refit is None:
            return np.ones(rows.shape[:-1], dtype=bool)
        return np.asarray(rows[..., self._refit] > 0.5)

    def switched(self, readings: Floats) -> NDArray[np.bool_]:
        """Return which rows differ from the one before in some status, the first of all not."""
        states = np.abs(readings[:, self._statuses]) > 0.5
        same = (states[1:] == states[:-1]).all(axis=1)
        return np.concatenate([[False], ~same])

    def bins(
        self, readings: Floats, refit: NDArray[np.bool_], switched: NDArray[np.bool_]
    ) -> NDArray[np.intp]:
        """Return each channel's bin in each row; ``(T, channels)``.

        A channel's scale depends on whether a tank of its district is at its rim, whether one of
        the district's pumps runs, whether anything has just switched, and on a refit.
        """
        full = (readings >= self._rim_levels).astype(float) @ self._rims.T > 0.0
        runs = (np.abs(readings) > 0.5).astype(float) @ self._pumps.T > 0.0
        by_district = full + 2 * runs
        whole = 4 * switched + 8 * refit
        return np.asarray(by_district[:, self._district] + whole[:, None], dtype=np.intp)


def scales_of(layout: Layout, rows: Floats) -> Floats:
    """Return what 99.5 % of each channel's magnitudes lie below, by bin; ``(16, channels)``.

    Parameters
    ----------
    layout
    rows
        Normal ones, readings carried on, ``(T, C)``.
    """
    readings, shadow = layout.readings(rows), np.abs(layout.shadow(rows))
    bins = layout.bins(readings, layout.refit(rows), layout.switched(readings))
    floors = np.array([_FLOORS[source] for source, _ in layout.channels])
    scales = np.empty((_BINS, shadow.shape[1]))
    for channel, column in enumerate(shadow.T):
        whole = np.quantile(column, _QUANTILE)
        for each in range(_BINS):
            inside = column[bins[:, channel] == each]
            scales[each, channel] = (
                np.quantile(inside, _QUANTILE) if len(inside) > _FEWEST else whole
            )
    return np.asarray(np.maximum(scales, floors))


class Statistics:
    """The statistics of one stream of frames.

    Parameters
    ----------
    layout
    scales
        What `scales_of` returned.
    """

    def __init__(self, layout: Layout, scales: Floats) -> None:
        self._layout, self._scales = layout, scales
        self._channels = np.arange(len(layout.channels))
        parts, interval = layout.parts, layout.interval_s
        self._balance = _Sums(_BALANCE_H, len(parts["level"]), interval)
        self._offset = _Sums(_OFFSET_H, len(parts["projected"]), interval)
        self._demand = _Sums(_DEMAND_H, len(parts["z"]), interval)
        self._step = _Sums(_STEP_H, len(parts["step"]), interval)
        self._spread = _Sums(_SPREAD_H, len(parts["projected"]), interval)
        self._rules = RuleStatistics(layout.drives, interval)
        self._root_hours = np.sqrt(np.array(_DEMAND_H))[:, None]
        self._before: Floats | None = None

    def update(self, row: Floats) -> Floats:
        """Take the next row; return every statistic, with its sign.

        Parameters
        ----------
        row
            Readings carried on where missing, ``(C,)``.

        Returns
        -------
        ndarray
            In the order of `Layout.statistics`.
        """
        layout, parts = self._layout, self._layout.parts
        readings, shadow = layout.readings(row), layout.shadow(row)
        refit = layout.refit(row)
        both = np.array([readings if self._before is None else self._before, readings])
        switched = layout.switched(both)[1:]
        bins = layout.bins(both[1:], np.array([refit]), switched)[0]
        # A first frame has no before: nothing is known of what its levels did.
        quiet = self._before is not None and not switched[0]
        self._before = readings
        scaled = np.clip(shadow / self._scales[bins, self._channels], -_MOST, _MOST)
        level = np.clip(shadow[parts["level"]], -_LEVEL_CUT, _LEVEL_CUT) * quiet
        projected = scaled[parts["projected"]]
        z = np.clip(_Z_QUANTILE * scaled[parts["z"]], -_Z_CUT, _Z_CUT) * refit
        cut = np.clip(projected, -_CUT, _CUT)
        late, odd, switches, unruled = self._rules.update(readings)
        return np.concatenate(
            [
                scaled,
                self._balance.sums(level).ravel(),
                self._offset.means(cut).ravel(),
                (self._demand.sums(z) / self._root_hours).ravel(),
                self._step.means(np.clip(scaled[parts["step"]], -_CUT, _CUT)).ravel(),
                self._spread.means(np.log1p(projected**2)).ravel(),
                late,
                odd,
                switches,
                unruled,
            ]
        )


class _Sums:
    """Sums over the last hours, of several windows at once.

    Parameters
    ----------
    hours
        The windows' lengths.
    width
        How many values a frame has.
    interval_s
        From frame to frame [s].
    """

    def __init__(self, hours: Sequence[float], width: int, interval_s: float) -> None:
        self._frames = np.array([max(1, round(each * HOUR / interval_s)) for each in hours])
        self._rows = np.zeros((int(self._frames.max()), width))
        self._sums = np.zeros((len(hours), width))
        self._next = 0

    def sums(self, values: Floats) -> Floats:
        """Take the next frame's values; return the sums, ``(windows, width)``."""
        size = len(self._rows)
        self._sums = self._sums + values - self._rows[(self._next - self._frames) % size]
        self._rows[self._next % size] = values
        self._next += 1
        return self._sums

    def means(self, values: Floats) -> Floats:
        """Take the next frame's values; return sums over the windows' lengths in frames."""
        return np.asarray(self.sums(values) / self._frames[:, None])


def _split(column: str) -> tuple[str, str]:
    source, _, name = column.partition(":")
    return source, name
