"""Replay: show what passed here before."""

from __future__ import annotations

import bisect
import math
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from attacks.annotations import Seconds, Unit
from attacks.attack import Attack
from attacks.registry import register
from twin.errors import InputError
from twin.tags import Reading

if TYPE_CHECKING:
    from twin.testbed import Testbed


@register("replay")
@dataclass(frozen=True, kw_only=True)
class Replay(Attack):
    """Show the readings that passed here earlier.

    With `shift`, always what passed that long ago. With `window`, what passed in that long before
    the attack began: over and over, or, with `loop: false`, once, and then the present readings.
    With `random` as well, pieces of that length from random places of the window, the same for all
    tags.

    The attacker records from the start of the warm-up, whether the attack is active or not, and
    what this entry does not change: what those before it on the same port let through, or, with
    `raw`, what came in there at first. What he has no recording of is dropped. He may add `noise`,
    uniform between minus and plus that, and keep what he shows between `low` and `high`.
    """

    shift: Seconds | None = None
    window: Seconds | None = None
    random: Seconds | None = None
    loop: bool = True
    raw: bool = False
    noise: Annotated[float, Field(ge=0.0), Unit("tag")] = 0.0
    low: Annotated[float | None, Unit("tag")] = None
    high: Annotated[float | None, Unit("tag")] = None

    answers = True
    example = '{on: "link:PLC2->SCADA", do: {replay: {window: 1 d}}, when: {from: 30 h}}'
    technique = "T0832 Manipulation of View"

    def __post_init__(self) -> None:
        if (self.shift is None) == (self.window is None):
            raise InputError("replay needs either shift or window")
        if not (self.shift or self.window):
            raise InputError("replay's shift or window must be longer than 0 s")
        if self.random is not None and not 0.0 < self.random <= (self.window or 0.0):
            raise InputError("random, how long a piece is, is at most window and more than 0 s")
        if not self.loop and (self.window is None or self.random is not None):
            raise InputError("loop: false is for a window that is played from end to end")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise InputError(f"low {self.low:g} lies above high {self.high:g}")

    @property
    def watches_raw(self) -> bool:
        """Whether it copies what no entry has changed yet."""
        return self.raw

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return a recorder with an empty tape."""
        if self.shift is not None:
            return _Shifted(self, self.shift, rng)
        assert self.window is not None
        return _Windowed(self, self.window, rng)


class _Recorder(Attack):
    """The tape of one run: by tag, (time, value) of what passed no longer ago than it needs.

    Of what is older it keeps the last, which held at the tape's beginning.
    """

    def __init__(self, replay: Replay, length: float, rng: np.random.Generator):
        self._replay, self._length, self._rng = replay, length, rng
        self._tape: dict[str, deque[tuple[float, float]]] = defaultdict(deque)

    @property
    def hears(self) -> float:
        """The length of the tape."""
        return self._length

    def watch(self, reading: Reading) -> None:
        tape = self._tape[reading.tag]
        tape.append((reading.time, reading.value))
        while len(tape) > 1 and tape[1][0] <= reading.time - self._length:
            tape.popleft()

    def _shown(self, reading: Reading, value: float) -> Reading:
        replay = self._replay
        if replay.noise:
            value += self._rng.uniform(-replay.noise, replay.noise)
        if replay.low is not None and value < replay.low:
            value = replay.low
        if replay.high is not None and value > replay.high:
            value = replay.high
        return reading.with_value(value)


class _Shifted(_Recorder):
    def tamper(self, reading: Reading) -> Reading | None:
        tape = self._tape[reading.tag]
        while len(tape) > 1 and tape[1][0] <= reading.time - self._length:
            tape.popleft()  # nothing is recorded while nothing comes
        time, value = tape[0] if tape else (math.inf, math.nan)
        return self._shown(reading, value) if time <= reading.time - self._length else None


class _Windowed(_Recorder):
    """Plays a copy of the tape as it was at the start, and goes on recording for another start."""

    def begin(self, testbed: Testbed, target: str) -> None:
        self._began = testbed.env.now
        self._copy = {tag: list(tape) for tag, tape in self._tape.items()}
        self._pieces: list[float] = []

    def tamper(self, reading: Reading) -> Reading | None:
        played = max(reading.time - self._began, 0.0)
        if not self._replay.loop and played >= self._length:
            return reading
        tape = self._copy.get(reading.tag, [])
        then = self._began - self._length + self._place(played)
        found = bisect.bisect_right(tape, then, key=lambda at: at[0]) - 1
        return self._shown(reading, tape[found][1]) if found >= 0 else None

    def _place(self, played: float) -> float:
        """Return the place on the tape to be shown so long [s] after the start."""
        piece = self._replay.random
        if piece is None:
            return played % self._length
        number, into = divmod(played, piece)
        while len(self._pieces) <= number:
            self._pieces.append(self._rng.uniform(0.0, self._length - piece))
        return self._pieces[int(number)] + into
