"""Field devices: the sensors that measure the water and the actuators that move it."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import simpy

from twin.control.memory import Register
from twin.control.taps import TapPoint
from twin.plants.equipment import Instrument
from twin.seeds import Draws, generator
from twin.tags import Reading, Tag, Values
from twin.units import DAY
from twin.water.plant import Plant


class Sensor(TapPoint):
    """An instrument: what it shows goes to its PLC's input by a field wire.

    Its own tap point (`sensor:L_T1`) deceives every reader; the wire's (`link:T1->PLC2`) too, but
    is cut with the wire. Both stand in the one way from the water to the PLC's memory.

    Parameters
    ----------
    env : simpy.Environment
    tag : Tag
    position : int
        Where it stands among the plant's values.
    memory : Register
        Of the PLC it is wired to.
    """

    def __init__(self, env: simpy.Environment, tag: Tag, position: int, memory: Register):
        super().__init__(f"sensor:{tag.name}", [tag.name])
        self.env, self.tag, self.position, self.memory = env, tag, position, memory
        self.wire = TapPoint(f"link:{tag.element}->{tag.plc}", [tag.name])

    def read(self, now: float, measured: float) -> None:
        """Send what the instrument measures [tag's unit] at `now` [s] down the wire."""
        for late in self.tamper([Reading(now, self.tag.name, measured)]):
            for sent in self.wire.tamper([late.reading]):
                self.memory.take(self.env, sent, late.by)


class Actuator(TapPoint):
    """A pump or valve drive: it does what the last command that reached it says.

    Parameters
    ----------
    name : str
    plant : Plant
    setting : float
        0 closed, 1 open, or a relative pump speed.
    wake : callable
        Told when a command held back will arrive [s].
    """

    def __init__(self, name: str, plant: Plant, setting: float, wake: Callable[[float], None]):
        super().__init__(f"actuator:{name}", [name])
        self.actuator, self.plant, self.setting, self._wake = name, plant, setting, wake
        self._coming: list[tuple[float, float]] = []
        self._held = setting

    def obey(self, now: float, command: float) -> bool:
        """Take a command at `now` [s]; return whether it changed the drive's setting.

        Where a tap drops a command or holds it back, the drive stays as it was last told to be.
        """
        if self.taps:
            command = self._reaching(now, command)
        if command == self.setting:
            return False
        self.setting = command
        self.plant.write(self.actuator, command)
        return True

    def _reaching(self, now: float, command: float) -> float:
        """Return the last command that has reached the drive by `now` [s]."""
        told = self.setting
        passed = self.tamper([Reading(now, self.actuator, command)])
        for late in passed:
            value = late.reading.value
            if late.by > 0.0 and value != (self._held if self._coming else told):
                self._held = value
                bisect.insort(self._coming, (now + late.by, value))
                self._wake(now + late.by)
        while self._coming and self._coming[0][0] <= now:
            told = self._coming.pop(0)[1]
        return next((late.reading.value for late in reversed(passed) if not late.by), told)


class Instruments:
    """The instruments of a plant's tags.

    Parameters
    ----------
    tags : sequence of str
    instruments : mapping of str to Instrument
        Of the tags that have one; the others show the truth.
    seed, step : int
        Each tag's noise is a stream of its own, with a draw a step [s].
    """

    def __init__(
        self, tags: Sequence[str], instruments: Mapping[str, Instrument], seed: int, step: int
    ):
        all_of = [instruments.get(tag, Instrument()) for tag in tags]
        self.exact = all(one == Instrument() for one in all_of)
        self._drift = np.array([one.drift for one in all_of])
        self._resolution = np.array([one.resolution for one in all_of])
        self._coarse = self._resolution > 0.0
        spread = np.array([one.noise for one in all_of])
        streams = {i: generator(seed, f"sensor:{tags[i]}") for i in np.flatnonzero(spread).tolist()}

        def draw(rows: int) -> Values:
            errors = np.zeros((rows, len(tags)))
            for i, stream in streams.items():
                errors[:, i] = spread[i] * stream.standard_normal(rows)
            return errors

        self._noise = Draws(draw, step)

    def show(self, now: float, truth: Values) -> Values:
        """Return what the instruments show at `now` [s] for `truth`; both of shape (tags,)."""
        if self.exact:
            return truth
        shown = truth + self._noise.at(now) + self._drift * (max(now, 0.0) / DAY)
        coarse, steps = self._coarse, self._resolution
        shown[coarse] = np.round(shown[coarse] / steps[coarse]) * steps[coarse]
        return np.asarray(shown)
