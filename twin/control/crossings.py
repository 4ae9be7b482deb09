"""Crossings: the instants between two scans at which a rule's threshold is reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from twin.control.plc import Plc
from twin.plants.logic import CLOCK, Rule
from twin.state import State
from twin.units import DAY, HOUR
from twin.water.plant import Plant


class _Threshold(NamedTuple):
    """A number that a rule compares a tank's level or the clock with.

    Attributes
    ----------
    tank : int or None
        The tank's place among the plant's; None for the clock.
    name : str
        The level's tag, `t` or `hour`.
    level : float
        The number: [m], or [h] of the clock.
    rising : bool or None
        Whether it counts when the level rises past it or falls below it; None for both.
    actuator : str
        What the rule drives.
    """

    tank: int | None
    name: str
    level: float
    rising: bool | None
    actuator: str


class Crossings:
    """Looks ahead to the thresholds of PLCs' rules.

    When a threshold is reached is computed from the true levels, as EPANET does; the rule itself
    then compares what its PLC remembers. What has switched since its PLC's last regular scan is not
    looked at before the next one: rules without a dead band would switch it every second.

    Parameters
    ----------
    plant : Plant
    tanks : mapping of str to int
        Place of each level tag's tank among the plant's.
    midnight : float
        Seconds from the last midnight to the scenario's start.
    """

    def __init__(self, plant: Plant, tanks: Mapping[str, int], midnight: float):
        self._plant, self._tanks, self._midnight = plant, tanks, midnight
        self._known: dict[str, tuple[tuple[Rule, ...] | None, list[_Threshold]]] = {}
        self._settings: dict[str, float] = {}
        self._switched: dict[str, int] = {}  # when each actuator's setting last changed [s]

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
            for name, setting in self._plant.settings.items():
                if self._settings.get(name, setting) != setting:
                    self._switched[name] = now
            self._settings = dict(self._plant.settings)
            self._known.clear()
        for plc in plcs:
            rounding = plc.crossing
            if rounding is None or not plc.running:
                continue
            left = plc.every - now % plc.every
            mark = now - now % plc.every
            for tank, name, level, rising, actuator in self._thresholds(plc):
                if tank is None:
                    ahead = self._until(name, level, now + plc.skew) + rounding
                elif not plc.spec.by_engine and self._switched.get(actuator, mark - 1) >= mark:
                    continue
                elif (rate := rates[tank]) and (rising is None or rising == (rate > 0.0)):
                    ahead = (level - levels[tank]) / rate + rounding
                else:
                    continue
                if 1.0 <= ahead < left:
                    seconds = int(ahead)
                    soonest = min(soonest or seconds, seconds)
        return soonest

    def state(self) -> State:
        """Return the settings it saw last, and when each changed."""
        return {"settings": dict(self._settings), "switched": dict(self._switched)}

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._settings, self._switched = dict(state["settings"]), dict(state["switched"])

    def _thresholds(self, plc: Plc) -> list[_Threshold]:
        """Return the thresholds of a PLC's rules that would change a setting.

        Where crossings are as in EPANET, of all rules the PLC was built with.
        """
        by_engine = plc.spec.by_engine
        rules = plc.spec.rules if by_engine else plc.rules
        known, thresholds = self._known.get(plc.spec.name, (None, []))
        if known is not rules:
            thresholds = [
                _Threshold(
                    self._tanks.get(name),
                    name,
                    level,
                    ">" in sign if by_engine else None,
                    rule.actuator,
                )
                for rule in rules
                if by_engine or self._changes(rule)
                for name, sign, level in rule.when.comparisons
                if name in self._tanks or name in CLOCK
            ]
            self._known[plc.spec.name] = (rules, thresholds)
        return thresholds

    def _changes(self, rule: Rule) -> bool:
        setting = self._settings[rule.actuator]
        return rule.commanded(setting) != setting

    def _until(self, name: str, hours: float, now: float) -> float:
        """Return how long after `now` [s, by a PLC's clock] `t` or `hour` is `hours` [s].

        Less half a second, which `ahead` adds again: a time is met exactly, not rounded.
        """
        if name == "t":
            return round(hours * HOUR) - now - 0.5
        return (round(hours * HOUR) - self._midnight - now) % DAY - 0.5
