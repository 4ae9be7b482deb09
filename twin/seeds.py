"""Random streams: one for each named component, so that none disturbs another."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the random stream of one component of a scenario.

    Parameters
    ----------
    seed : int
        The scenario's.
    name : str
        The component's, like `demand:DMA1`; the stream depends on nothing else.
    """
    digest = hashlib.sha256(name.encode()).digest()
    key = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=key))
