"""Field devices: the sensors that measure the water and the actuators that move it."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import simpy

from twin.control.memory import Block, Register
from twin.control.taps import TapPoint
from twin.plants.equipment import Instrument
from twin.seeds import Draws, generator
from twin.state import State
from twin.tags import Flags, Reading, Tag, Values
from twin.units import DAY
from twin.water.plant import Plant


class Sensor(TapPoint):
    """A sensor and the field wire that carries its readings to an input of its PLC.

    It has two tap points, one behind the other: its own (`sensor:L_T1`) and its wire's
    (`link:T1->PLC2`). As long as neither is tapped, it is read with its row; see `SensorRow`.

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

    def read(self, now: float, measured: float, bad: bool) -> None:
        """Send the measured value [tag's unit] at `now` [s] past both tap points to the PLC."""
        passed = self.tamper([Reading(now, self.tag.name, measured, bad)], now)
        for late in passed:
            for sent in self.wire.tamper([late.reading], now):
                self.memory.take(self.env, sent, late.by)
        if not passed:
            for sent in self.wire.tamper([], now):
                self.memory.take(self.env, sent)


class SensorRow:
    """Sensors that are read at the same instant.

    Their values move to the PLCs' memories as one array. A sensor that is tapped, at itself or at
    its wire, is taken out of the row and read by itself; when its last tap is detached, it is put
    back.

    Parameters
    ----------
    sensors : sequence of Sensor
    block : Block
        In which the memories of all their PLCs lie.
    """

    def __init__(self, sensors: Sequence[Sensor], block: Block):
        self._sensors, self._block = sensors, block
        for sensor in sensors:
            sensor.on_change = sensor.wire.on_change = self._note_change
        self._sort()

    def _note_change(self) -> None:
        self._stale = True

    def _sort(self) -> None:
        """Part the untapped sensors from the tapped ones."""
        self._tapped = [s for s in self._sensors if s.taps or s.wire.taps]
        untapped = [s for s in self._sensors if not (s.taps or s.wire.taps)]
        inputs = [s.memory.start + s.memory.index[s.tag.name] for s in untapped]
        self._from = np.array([s.position for s in untapped], dtype=np.intp)
        self._to = np.array(inputs, dtype=np.intp)
        self._stale = False

    def read(self, now: float, measured: Values, beyond: Flags | None = None) -> None:
        """Send what instruments show to the PLCs.

        Parameters
        ----------
        now : float
            The time [s].
        measured : ndarray of shape (tags,)
        beyond : ndarray of shape (tags,), optional
            Which of them are beyond their instruments' ranges, and so bad.
        """
        if self._stale:
            self._sort()
        bad = None if beyond is None else beyond[self._from]
        self._block.store(self._to, measured[self._from], now, bad)
        for sensor in self._tapped:
            place = sensor.position
            sensor.read(now, float(measured[place]), beyond is not None and bool(beyond[place]))


class Actuator(TapPoint):
    """The drive of a pump or valve: it obeys the last command that reached it.

    Parameters
    ----------
    name : str
    plant : Plant
    setting : float
        0 closed, 1 open, or a relative pump speed.
    wake : callable
        Called with the time [s] at which a command that a tap holds back will arrive.
    """

    def __init__(self, name: str, plant: Plant, setting: float, wake: Callable[[float], None]):
        super().__init__(f"actuator:{name}", [name])
        self.actuator, self.plant, self.setting, self._wake = name, plant, setting, wake
        self._coming: list[tuple[float, float]] = []
        self._held = setting

    @property
    def is_plain(self) -> bool:
        """Whether commands reach it at once: it has no tap, and none held any command back."""
        return not self.taps and not self._coming

    def obey(self, now: float, command: float) -> bool:
        """Take a command at `now` [s]; return whether it changed the drive's setting.

        Where a tap drops a command or holds it back, the drive keeps its last setting.
        """
        if self.taps or self._coming:  # `is_plain` without a call: this is asked thousands of times
            command = self._reaching(now, command)
        if command == self.setting:
            return False
        self.setting = command
        self.plant.write(self.actuator, command)
        return True

    def _reaching(self, now: float, command: float) -> float:
        """Return the last command that has reached the drive by `now` [s]."""
        last = self.setting
        passed = self.tamper([Reading(now, self.actuator, command)], now)
        for late in passed:
            value = late.reading.value
            if late.by > 0.0 and value != (self._held if self._coming else last):
                self._held = value
                bisect.insort(self._coming, (now + late.by, value))
                self._wake(now + late.by)
        while self._coming and self._coming[0][0] <= now:
            last = self._coming.pop(0)[1]
        return next((late.reading.value for late in reversed(passed) if not late.by), last)


class Instruments:
    """How tags are measured: noise, drift, resolution and range, of all tags at once.

    Parameters
    ----------
    tags : sequence of str
    instruments : mapping of str to Instrument
        The others show the truth.
    seed : int
        Of the noise; each tag has a random stream of its own.
    step : int
        Noise is drawn once in so many seconds.
    ranges : mapping of str to (float, float), optional
        The lowest and the highest that tags can be shown as; the others have no range.

    Attributes
    ----------
    beyond : ndarray of shape (tags,), or None
        Which tags were last beyond their range; None where none was.
    """

    def __init__(
        self,
        tags: Sequence[str],
        instruments: Mapping[str, Instrument],
        seed: int,
        step: int,
        ranges: Mapping[str, tuple[float, float]] | None = None,
    ):
        by_tag = [instruments.get(tag, Instrument()) for tag in tags]
        self.exact = all(instrument == Instrument() for instrument in by_tag)
        self.beyond: Flags | None = None
        bounds = [(ranges or {}).get(tag, (-np.inf, np.inf)) for tag in tags]
        self._low, self._high = np.array(bounds).reshape(-1, 2).T.copy()
        self._drift = np.array([instrument.drift for instrument in by_tag])
        self._resolution = np.array([instrument.resolution for instrument in by_tag])
        self._coarse = self._resolution > 0.0
        spread = np.array([instrument.noise for instrument in by_tag])
        streams = {i: generator(seed, f"sensor:{tags[i]}") for i in np.flatnonzero(spread).tolist()}

        def draw(rows: int) -> Values:
            errors = np.zeros((rows, len(tags)))
            for i, stream in streams.items():
                errors[:, i] = spread[i] * stream.standard_normal(rows)
            return errors

        self._noise = Draws(draw, step)

    def state(self) -> State:
        """Return where the noise is in its random streams."""
        return {"began": self._noise.began}

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._noise.began = state["began"]

    def show(self, now: float, truth: Values) -> Values:
        """Return what the instruments show at `now` [s] for `truth`; both of shape (tags,)."""
        if self.exact:
            return self._within(truth)
        shown = truth + self._noise.at(now) + self._drift * (max(now, 0.0) / DAY)
        coarse, steps = self._coarse, self._resolution
        shown[coarse] = np.round(shown[coarse] / steps[coarse]) * steps[coarse]
        return self._within(shown)

    def _within(self, shown: Values) -> Values:
        """Return what is shown of values, each within its instrument's range."""
        beyond = (shown < self._low) | (shown > self._high)
        if not beyond.any():
            self.beyond = None
            return shown
        self.beyond = beyond
        return np.asarray(np.clip(shown, self._low, self._high))
