"""Attacks that hide from a detector behind values that it takes for normal: evade, autoencode.

`evade` knows the detector (white box) and asks it of every frame what it would say; `autoencode`
knows only what passes at its port (black box), and shows what a network trained on it makes of it.

Sources: Erba et al. 2020, "Constrained concealment attacks against reconstruction-based anomaly
detectors in industrial control systems" (both, limited to some tags).
"""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from attacks.annotations import Unit
from attacks.attack import Attack
from attacks.registry import register
from attacks.scorer import Scorer, handed
from twin.tags import Reading, Values

if TYPE_CHECKING:
    from twin.testbed import Testbed

_VIEW = "T0832 Manipulation of View"
_ROUNDS = 4  # in which a search goes on from the best so far
_NARROWER = 0.4  # of a search's width, from round to round
_LEAST_ROWS = 20  # that passed before a network can be trained


@register("evade")
@dataclass(frozen=True, kw_only=True)
class Evade(Attack):
    """Show, of the entry's tags, the values at which a detector that he knows says least.

    The attacker reads all that SCADA is about to show and alters his tags only: those of the entry,
    a few or one PLC's, or all. Where the detector would score the frame below `below` times its
    threshold he changes nothing. Else he tries `tries` frames: the values shown last, the usual
    ones of the hour, steps down the detector's gradient where it has one, and steps drawn about the
    best so far; a status is 0 or 1. The best is shown until the detector looks again.

    `detector` is one that a scenario may name: a kind, or a checkpoint.
    """

    detector: str
    tries: Annotated[int, Field(ge=1, le=1000)] = 24
    below: Annotated[float, Field(gt=0.0, le=1.0), Unit("")] = 0.05

    ports = ("scada",)
    technique = _VIEW
    example = (
        "{on: scada, tags: [L_T1, F_PU1], do: {evade: {detector: pca}}, "
        "when: {from: 30 h, for: 12 h}}"
    )

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that asks the detector."""
        return _Evading(self, rng)


class _Evading(Attack):
    def __init__(self, evade: Evade, rng: np.random.Generator):
        self._evade, self._rng = evade, rng
        self._testbed: Testbed | None = None
        self._scorer: Scorer | None = None
        self._usual: dict[int, dict[str, float]] = defaultdict(dict)
        self._low: dict[str, float] = {}
        self._high: dict[str, float] = {}
        self._shown: dict[str, float] = {}

    def begin(self, testbed: Testbed, target: str) -> None:
        self._testbed, self._scorer = testbed, handed(testbed, self._evade.detector)
        self._shown = {}

    def watch(self, reading: Reading) -> None:
        if math.isnan(reading.value):
            return
        tag, value = reading.tag, reading.value
        self._low[tag] = min(self._low.get(tag, value), value)
        self._high[tag] = max(self._high.get(tag, value), value)
        if self._testbed is None:
            self._usual[int(reading.time // 3600.0) % 24][tag] = value

    def tamper_packet(self, packet: Sequence[Reading]) -> Iterable[Reading]:
        assert self._testbed is not None and self._scorer is not None
        if packet and packet[0].time % self._scorer.interval_s == 0:
            self._shown = self._search(packet)
        return [r.with_value(self._shown.get(r.tag, r.value)) for r in packet]

    def _search(self, packet: Sequence[Reading]) -> dict[str, float]:
        """Return the values to show; none where the truth is scored low enough."""
        assert self._testbed is not None and self._scorer is not None
        register, now, scorer = self._testbed.scada.register, packet[0].time, self._scorer
        tags = [reading.tag for reading in packet if not math.isnan(reading.value)]
        places = np.array([register.index[tag] for tag in tags], dtype=np.intp)
        frame = register.values.copy()
        best, least = frame[places], float(scorer.ask(now, frame[None])[0])
        aim = self._evade.below * scorer.threshold
        if not len(tags) or not least > aim:
            return {}
        width = np.array([self._high[tag] - self._low[tag] for tag in tags])
        switches = np.array([tag.startswith("S_") for tag in tags])
        share = 0.1
        offered = self._known(tags, best, int(now // 3600.0) % 24)
        for _ in range(_ROUNDS):
            tried = [*offered, *self._downhill(now, frame, places, best, width * share)]
            drawn = max(self._evade.tries // _ROUNDS - len(tried), 1)
            steps = self._rng.standard_normal((drawn, len(tags))) * width * share
            flips = switches & (self._rng.random((drawn, len(tags))) < share)
            tried += [*np.where(switches, np.where(flips, 1.0 - best, best), best + steps)]
            frames = np.repeat(frame[None], len(tried), axis=0)
            frames[:, places] = tried
            scores = scorer.ask(now, frames)
            place = int(np.nanargmin(scores)) if np.isfinite(scores).any() else 0
            if scores[place] < least:
                best, least = np.asarray(tried[place]), float(scores[place])
            if least <= aim:
                break
            offered, share = [], share * _NARROWER
        return dict(zip(tags, best.tolist(), strict=True))

    def _known(self, tags: Sequence[str], true: Values, hour: int) -> list[Values]:
        """Return what was shown last, and what was seen at this hour of the last normal day."""
        found = []
        for known in (self._shown, self._usual[hour]):
            if known:
                values = zip(tags, true.tolist(), strict=True)
                found.append(np.array([known.get(tag, value) for tag, value in values]))
        return found

    def _downhill(
        self, now: float, frame: Values, places: Any, best: Values, width: Values
    ) -> list[Values]:
        """Return steps against the detector's gradient, if it tells one."""
        assert self._scorer is not None
        here = frame.copy()
        here[places] = best
        slope = self._scorer.slope(now, here)
        if slope is None:
            return []
        step = slope[places] * width**2
        size = np.abs(step / np.where(width > 0.0, width, 1.0)).max(initial=0.0)
        return [best - step / size * far for far in (0.5, 2.0)] if size > 0.0 else []


@register("autoencode")
@dataclass(frozen=True, kw_only=True)
class Autoencode(Attack):
    """Show what an autoencoder makes of what passes: values as they usually go together.

    The attacker knows no detector. While no attack is active, warm-up included, he keeps what
    passes at his port; when it begins he trains a network of three layers on it, `neurons` in the
    middle one, and from then on shows its output. It is trained on readings that travel together:
    a PLC's on a link, all of SCADA's on `scada`; with `tags`, on those alone.
    """

    neurons: Annotated[int, Field(ge=1, le=200)] = 8

    technique = _VIEW
    example = '{on: "link:PLC1->SCADA", do: {autoencode: {}}, when: {from: 30 h, for: 12 h}}'

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that learns."""
        return _Autoencoding(self, int(rng.integers(2**31)))


class _Autoencoding(Attack):
    def __init__(self, autoencode: Autoencode, seed: int):
        self._neurons, self._seed = autoencode.neurons, seed
        self._active = False
        self._passed: dict[float, dict[str, float]] = defaultdict(dict)
        self._networks: dict[tuple[str, ...], _Network] = {}

    def begin(self, testbed: Testbed, target: str) -> None:
        self._active = True

    def end(self, testbed: Testbed, target: str) -> None:
        self._active = False
        self._networks.clear()

    def watch(self, reading: Reading) -> None:
        if not self._active and not math.isnan(reading.value):
            self._passed[reading.time][reading.tag] = reading.value

    def tamper_packet(self, packet: Sequence[Reading]) -> Iterable[Reading]:
        tags = tuple(reading.tag for reading in packet)
        values = np.array([reading.value for reading in packet])
        if tags not in self._networks:
            rows = [
                [row[tag] for tag in tags] for row in self._passed.values() if {*tags} <= {*row}
            ]
            if len(rows) < _LEAST_ROWS:
                return packet
            self._networks[tags] = _Network(np.array(rows), self._neurons, self._seed)
        shown = self._networks[tags].shown(values) if np.isfinite(values).all() else values
        return [r.with_value(value) for r, value in zip(packet, shown.tolist(), strict=True)]


class _Network:
    """An autoencoder of three layers over rows of readings."""

    def __init__(self, rows: Values, neurons: int, seed: int):
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPRegressor

        self._low, high = rows.min(axis=0), rows.max(axis=0)
        self._span = np.where(high > self._low, high - self._low, 1.0)
        self._whole = np.array([np.isin(column, (0.0, 1.0)).all() for column in rows.T])
        width = max(2 * neurons, rows.shape[1])
        self._model = MLPRegressor(
            hidden_layer_sizes=(width, neurons, width), activation="tanh", random_state=seed
        )
        scaled = (rows - self._low) / self._span
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._model.fit(scaled, scaled if scaled.shape[1] > 1 else scaled[:, 0])

    def shown(self, values: Values) -> Values:
        """Return what it makes of readings; a status is 0 or 1."""
        scaled = ((values - self._low) / self._span)[None]
        made = np.clip(self._model.predict(scaled).reshape(-1), 0.0, 1.0)
        made = self._low + np.where(self._whole, np.round(made), made) * self._span
        return np.asarray(made, dtype=np.float64)
