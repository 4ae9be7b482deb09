"""The covert attack: the attacker runs the twin, and shows what the plant would have done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from attacks.attack import Attack
from attacks.attacker import AttackerTwin
from attacks.registry import register
from twin.tags import Reading

if TYPE_CHECKING:
    from twin.testbed import Testbed

Factor = Annotated[float, Field(gt=0.0)]


@register("covert")
@dataclass(frozen=True, kw_only=True)
class Covert(Attack):
    """Show, tag for tag, what the same plant would have shown without any attack.

    The attacker runs a twin of the plant in the same clock, from the warm-up on, and puts what
    passes at the same port of his twin in the place of what passes here. He knows everything there
    is to know: the network, the control logic, the levels at the start, what the operator will
    write and every hour's demand and instrument's noise to come (the scenario's seed). Without an
    error SCADA then shows, bit for bit, the run without attacks. With `roughness` he takes each
    pipe's roughness coefficient, with `demand` every demand for so many times what it is: what
    SCADA shows is then off, and the run's account and metrics.json say how far. He knows of no
    fault.

    A twin in error goes its own way: C-Town's pumps switch at other times after a few hours. With
    `synchronise` it takes over, whenever the attack starts, the plant's true levels, pumps and
    valves, so that what SCADA shows is right at first.

    Between two polls the instants of the real plant are not always those of his: what he then shows
    on a link between PLCs, or of an instrument, is the last that passed at his.

    Source: Smith 2015, "Covert misappropriation of networked control systems".
    """

    roughness: Factor = 1.0
    demand: Factor = 1.0
    synchronise: bool = False

    answers = True
    example = '{on: "link:*->SCADA", do: {covert: {roughness: 1.1}}, when: {from: 24 h, for: 12 h}}'
    technique = "T0832 Manipulation of View"

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one whose twin is built when it starts."""
        return _Covert(self)


class _Covert(Attack):
    def __init__(self, covert: Covert):
        self._covert = covert
        self._twin: AttackerTwin | None = None

    def begin(self, testbed: Testbed, target: str) -> None:
        covert = self._covert
        if self._twin is None:
            errors = {"roughness": covert.roughness, "demand": covert.demand}
            self._twin = AttackerTwin(testbed, target, **errors)
        if covert.synchronise:
            self._twin.synchronise()

    def tamper(self, reading: Reading) -> Reading | None:
        assert self._twin is not None
        value = self._twin.value(reading.tag)
        return None if value is None else reading.with_value(value)


def slip(shown: pd.DataFrame, usual: pd.DataFrame) -> pd.DataFrame:
    """Return how far what SCADA shows is from what it would have shown, by tag.

    Parameters
    ----------
    shown, usual : DataFrame of shape (T, tags)
        `Run.scada` of the run under attack and of its pair, or parts of them, indexed by time [s];
        what only one of them has is left out.

    Returns
    -------
    DataFrame
        A row a tag, the worst first; `rms` in the tag's unit and `relative` to the usual standard
        deviation, NaN for a tag that is usually constant.
    """
    both = shown.index.intersection(usual.index)
    error = shown.loc[both, usual.columns] - usual.loc[both]
    rms = np.sqrt((error**2).mean())
    spread = usual.loc[both].std(ddof=0)
    table = pd.DataFrame({"rms": rms, "relative": rms / spread.where(spread > 0.0)})
    return table.sort_values("relative", ascending=False)
