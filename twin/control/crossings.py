"""When a rule's threshold is next reached: the instants at which PLCs also scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from twin.control.plc import Plc
from twin.plants.logic import CLOCK, Rule
from twin.units import DAY, HOUR
from twin.water.plant import Plant


class _Threshold(NamedTuple):
    """What a rule compares with a number: a tank's level, by its place, or else the clock.

    `rising` says which way a level must pass it to count; None for either.
    """

    tank: int | None
    name: str
    level: float
    rising: bool | None


class Crossings:
    """Looks ahead to the thresholds of PLCs' rules.

    The instants follow the true levels, for they are the engine's; what a rule then compares is
    what its PLC was told.

    Parameters
    ----------
    plant : Plant
    tanks : mapping of str to int
        Place of each level tag's tank among the plant's.
    clock : float
        Seconds from midnight to the scenario's start.
    """

    def __init__(self, plant: Plant, tanks: Mapping[str, int], clock: float):
        self._plant, self._tanks, self._clock = plant, tanks, clock
        self._known: dict[str, tuple[tuple[Rule, ...] | None, list[_Threshold]]] = {}
        self._settings: dict[str, float] = {}

    def ahead(self, now: int, plcs: Iterable[Plc]) -> int:
        """Return how soon after `now` the first rule is due before its PLC's next scan [s], or 0.

        Parameters
        ----------
        now : int
            Just solved [s].
        plcs : iterable of Plc
        """
        soonest = 0
        levels, rates = self._plant.levels, self._plant.rates()
        if self._settings != self._plant.settings:
            self._settings = dict(self._plant.settings)
            self._known.clear()
        for plc in plcs:
            rounding = plc.crossing
            if rounding is None or not plc.running:
                continue
            left = plc.every - now % plc.every
            for tank, name, level, rising in self._thresholds(plc):
                if tank is None:
                    ahead = self._until(name, level, now + plc.skew) + rounding
                elif (rate := rates[tank]) and (rising is None or rising == (rate > 0.0)):
                    ahead = (level - levels[tank]) / rate + rounding
                else:
                    continue
                if 1.0 <= ahead < left:
                    seconds = int(ahead)
                    soonest = min(soonest or seconds, seconds)
        return soonest

    def _thresholds(self, plc: Plc) -> list[_Threshold]:
        """Return what rules that would change something compare, or those the engine knows."""
        by_engine = plc.spec.by_engine
        asked = plc.spec.rules if by_engine else plc.rules
        rules, found = self._known.get(plc.spec.name, (None, []))
        if rules is not asked:
            found = [
                _Threshold(self._tanks.get(name), name, level, ">" in sign if by_engine else None)
                for rule in asked
                if by_engine or self._settings[rule.actuator] != rule.command
                for name, sign, level in rule.when.comparisons
                if name in self._tanks or name in CLOCK
            ]
            self._known[plc.spec.name] = (asked, found)
        return found

    def _until(self, name: str, hours: float, now: float) -> float:
        """Return how long after `now` [s], by a PLC's clock, a rule's `name` is `hours` [s].

        A time is met to the second, so what crossings are rounded by is taken off beforehand.
        """
        if name == "t":
            return round(hours * HOUR) - now - 0.5
        return (round(hours * HOUR) - self._clock - now) % DAY - 0.5
