"""When a rule's threshold is next reached: the instants at which PLCs also scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twin.plant import Plant
from twin.plc import CLOCK, Plc, Rule
from twin.units import DAY, HOUR


@dataclass(frozen=True, slots=True)
class _Threshold:
    """What a rule compares with a number: a tank's level, by its place, or else the clock."""

    actuator: str
    command: float
    tank: int | None
    name: str
    level: float
    rising: bool


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
        self._known: dict[str, tuple[tuple[Rule, ...], list[_Threshold]]] = {}

    def ahead(self, now: int, plcs: Iterable[Plc]) -> int:
        """Return how soon after `now` the first rule is due before its PLC's next scan [s], or 0.

        Parameters
        ----------
        now : int
            Just solved [s].
        plcs : iterable of Plc
        """
        soonest = 0
        levels, rates = self._plant.levels.tolist(), self._plant.rates().tolist()
        settings = self._plant.settings
        for plc in plcs:
            rounding = plc.crossing
            if rounding is None or not plc.running:
                continue
            left = plc.every - now % plc.every
            by_engine = plc.spec.by_engine
            for one in self._thresholds(plc):
                if settings[one.actuator] == one.command and not by_engine:
                    continue
                if one.tank is None:
                    ahead = self._until(one.name, one.level, now + plc.skew)
                elif by_engine and one.rising != (rates[one.tank] > 0.0):
                    continue
                elif rates[one.tank]:
                    ahead = (one.level - levels[one.tank]) / rates[one.tank]
                else:
                    continue
                if 1.0 <= ahead + rounding < left:
                    seconds = int(ahead + rounding)
                    soonest = min(soonest or seconds, seconds)
        return soonest

    def _thresholds(self, plc: Plc) -> list[_Threshold]:
        """Return what a PLC's rules, in force or its own, compare with a level or the clock."""
        asked = plc.spec.rules if plc.spec.by_engine else plc.rules
        rules, found = self._known.get(plc.spec.name, ((), []))
        if rules is not asked:
            tanks = self._tanks
            found = [
                _Threshold(rule.actuator, rule.command, tanks.get(name), name, level, ">" in sign)
                for rule in asked
                for name, sign, level in rule.when.comparisons
                if name in tanks or name in CLOCK
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
