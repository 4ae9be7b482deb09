"""What an attacker knows of the detector that he hides from: handed in, as none is known here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from twin.errors import RunError, nearest
from twin.tags import Values

if TYPE_CHECKING:
    from twin.testbed import Testbed


class Scorer(Protocol):
    """A detector that follows all that SCADA shows, and can be asked what it would say.

    Attributes
    ----------
    interval_s : float
        It scores frames at multiples of this [s].
    threshold : float
        A score above it is an alarm.
    """

    interval_s: float
    threshold: float

    def ask(self, time: float, frames: Values) -> Values:
        """Return the score of each frame if it were shown next; nothing is remembered of it.

        Parameters
        ----------
        time : float
            Of the next frame [s].
        frames : ndarray of shape (N, tags)
            All of SCADA's tags, in their order.
        """

    def slope(self, time: float, frame: Values) -> Values | None:
        """Return how the score rises with each tag of a frame; (tags,). None if not known."""


_handed: WeakKeyDictionary[Testbed, dict[str, Scorer]] = WeakKeyDictionary()


def hand_in(testbed: Testbed, name: str, scorer: Scorer) -> None:
    """Let the attacks on a testbed know a detector by its name."""
    _handed.setdefault(testbed, {})[name] = scorer


def handed(testbed: Testbed, name: str) -> Scorer:
    """Return the detector of a name.

    Raises
    ------
    RunError
        If nobody has handed it in.
    """
    known = _handed.get(testbed, {})
    if name not in known:
        hint = nearest(name, known) if known else "nobody has handed one in"
        raise RunError(f"no detector {name!r} to hide from: {hint}")
    return known[name]
