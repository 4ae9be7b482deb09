"""The truth for evaluation: what each entry did at each step, and which hours that labels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attacks.entries.entry import ArmedEntry
from scenarios.results.impact import deviating
from twin.plants.spec import PlantSpec
from twin.tags import Values
from twin.testbed import Testbed

Bools = NDArray[np.bool_]

COLUMNS = ["time", "entry", "label", "active", "altered"]


class Labels:
    """Notes of each step, once it is over, which entries were active and what they altered.

    Parameters
    ----------
    armed : list of ArmedEntry
    testbed : Testbed
        On which they are armed, not yet run.
    """

    def __init__(self, armed: Sequence[ArmedEntry], testbed: Testbed):
        self._armed, self._step = armed, testbed.spec.step
        self._steps: list[tuple[float, list[tuple[bool, list[str]]]]] = []
        self._last = -1.0
        testbed.observers.append(self._see)

    def _see(self, now: float, _: Values) -> None:
        self._note()
        self._last = now

    def _note(self) -> None:
        """Write down how things stand after the last instant, if it was a step's mark."""
        if self._last < 0 or self._last % self._step:
            return
        states = [(one.active, sorted(one.altered)) for one in self._armed]
        self._steps.append((self._last, states))

    def table(
        self, truth: pd.DataFrame, paired: pd.DataFrame | None, spec: PlantSpec
    ) -> pd.DataFrame:
        """Return a row for each step that was recorded and each entry, after the run.

        Returns
        -------
        DataFrame
            `time` [s], `entry`, `label` (attack or fault), `active`; `altered`, the tags of which
            a receiver at its port, when it last heard or should have, shows another value than
            came in: a forged one, or an older one where that is lost or late; `deviating`, the
            tags whose true value differs from the paired run's, none where there is no pair.
        """
        self._note()
        self._last = -1.0
        entries = [one.entry for one in self._armed]
        idle: tuple[bool, list[str]] = (False, [])  # before it was launched by hand
        rows = [
            (at, entry.name, entry.label, *state)
            for at, states in self._steps
            for entry, state in zip(entries, chain(states, repeat(idle)), strict=False)
        ]
        table = pd.DataFrame(rows, columns=COLUMNS)
        table = table[table["time"].isin(truth.index)].reset_index(drop=True)
        apart = deviating(truth, paired, spec) if paired is not None else []
        by_time = dict(zip(truth.index, apart, strict=bool(apart)))
        table["deviating"] = [by_time.get(at, []) for at in table["time"]]
        return table


def attacked(labels: pd.DataFrame, times: NDArray[np.float64]) -> Bools:
    """Return which rows are under attack: one is active at their instant.

    So many hours are attacked as there are full ones in the scenario's intervals [start, end). An
    attack that lies between two rows is laid to the one after it.

    Parameters
    ----------
    labels : DataFrame
        As `Labels.table` returns it.
    times : ndarray of shape (rows,)
        Of the rows, ascending [s].
    """
    attack = labels[(labels["label"] == "attack") & labels["active"].astype(bool)]
    return marked(attack["time"], times)


def aftermath(labels: pd.DataFrame, times: NDArray[np.float64]) -> Bools:
    """Return which rows an attack still shows in: the truth deviates, and none is active.

    Parameters
    ----------
    labels, times
        As of `attacked`.
    """
    attack = labels[labels["label"] == "attack"]
    begun = attack.loc[attack["active"].astype(bool), "time"].min()
    apart = attack[(attack["deviating"].str.len() > 0) & (attack["time"] >= begun)]
    return marked(apart["time"], times) & ~attacked(labels, times)


def marked(steps: pd.Series[float], times: NDArray[np.float64]) -> Bools:
    """Return which rows are among `steps`, or come next after some that began since the last."""
    among = np.isin(times, steps)
    reached = np.zeros(len(times) + 1, dtype=np.bool_)
    reached[np.searchsorted(times, steps.to_numpy(dtype=float))] = True
    return np.asarray(among | (reached[:-1] & ~np.append(False, among[:-1])))
