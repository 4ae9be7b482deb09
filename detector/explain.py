"""Which tags explain a score: each channel's error relative to its own normal error."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.base import Cause, Floats

SHOWN = 5
"""So many causes are named with a score."""

FLOOR = 0.01
"""A channel's normal error counts as at least this part of the mean over all channels: a channel
that is reconstructed almost perfectly would otherwise explain everything."""


def shares(errors: Floats, normal: Floats, moved: NDArray[np.bool_]) -> Floats:
    """Return each channel's share of the normalised error.

    Parameters
    ----------
    errors
        Squared error of each channel, ``(C,)``.
    normal
        The same on held-out normal rows, on average; 0 for a constant channel, ``(C,)``.
    moved
        Channels that were constant in training and moved, ``(C,)``: each counts more than all
        others together, and so comes first.

    Returns
    -------
    ndarray
        ``(C,)``, summing to 1; all 0 if there is no error at all.
    """
    relative = errors / np.maximum(normal, FLOOR * normal.mean() + np.finfo(float).tiny)
    relative = np.where(moved, 0.0, relative)
    relative = np.where(moved, 1.0 + relative.sum(), relative)
    total = relative.sum()
    return relative / total if total > 0 else relative


def causes(
    tags: Sequence[str], errors: Floats, normal: Floats, moved: NDArray[np.bool_]
) -> tuple[Cause, ...]:
    """Return the `SHOWN` tags with the largest shares, the largest first (see `shares`)."""
    parts = shares(errors, normal, moved)
    ranked = np.argsort(-parts, kind="stable")[:SHOWN]
    return tuple(Cause(tags[each], float(parts[each])) for each in ranked if parts[each] > 0)
