"""How fast simulated time goes by: as fast as possible, or paced, paused and changed on the way.

Pacing happens between instants and touches nothing inside the twin: the historian is the same at
any speed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from twin.units import HOUR

_NAP = 0.05  # s; how soon a change of speed or a pause is obeyed


class Pace:
    """A clock that holds the run back.

    Parameters
    ----------
    speed : float, optional
        Simulated seconds a second; by default as fast as possible.
    listen : callable, optional
        Asked for a key the user pressed, or None, again and again: see `KEYS`.
    on_key : callable, optional
        Told the simulated time [s] after a key was obeyed.

    Attributes
    ----------
    speed : float or None
    paused : bool
        Both may be changed at any time, from another thread too.
    """

    def __init__(
        self,
        speed: float | None = None,
        listen: Callable[[], str | None] | None = None,
        on_key: Callable[[float], None] | None = None,
    ):
        if speed is not None and not 0 < speed < float("inf"):
            raise ValueError(f"speed must be above 0 simulated seconds a second, not {speed:g}")
        self.speed, self.paused = speed, False
        self._listen, self.on_key = listen, on_key
        self._anchor: tuple[float, float, float] | None = None

    def grain(self) -> float:
        """Return how much simulated time [s] may pass between two calls of `wait`."""
        return HOUR if self.speed is None else min(max(self.speed / 4, 1.0), HOUR)

    def wait(self, now: float) -> None:
        """Return when the simulated time `now` [s] is due; the warm-up always is."""
        if now <= 0:
            return
        while True:
            self._obey(now)
            left = self.left(now)
            if left <= 0:
                return
            time.sleep(min(left, _NAP))

    def left(self, now: float) -> float:
        """Return how many seconds remain until the simulated time `now` [s] is due.

        None remain in the warm-up; while paused, there is no end to them.
        """
        if now <= 0:
            return 0.0
        if self.paused:
            self._anchor = None
            return float("inf")
        if self.speed is None:
            return 0.0
        if self._anchor is None or self._anchor[2] != self.speed:
            self._anchor = (time.monotonic(), now, self.speed)
        began, since, speed = self._anchor
        return began + (now - since) / speed - time.monotonic()

    def _obey(self, now: float) -> None:
        key = self._listen() if self._listen else None
        if key == " ":
            self.paused = not self.paused
        elif key == "f":
            self.speed = None
        elif key in ("+", "-"):
            factor = 2.0 if key == "+" else 0.5
            self.speed = (self.speed or HOUR) * factor
        if key and self.on_key:
            self.on_key(now)
