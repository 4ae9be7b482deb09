"""Who was shown something else than the truth: the operator, and each PLC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from attacks.entries.targets import SCADA, named
from scenarios.definition.scenario import Scenario
from scenarios.results.impact import DEVIATION
from scenarios.results.tables import Tables
from twin.control.devices import Instruments
from twin.plants.equipment import Instrument
from twin.plants.spec import PlantSpec
from twin.tags import Tag

ALIKE = 1e-6  # in a tag's unit
_PRINTED = 0.01  # in a tag's unit: readings are told with two decimals
_HAIR = 1e-9  # in a tag's unit, for the rounding of floats


@dataclass(frozen=True)
class View:
    """A tag as somebody saw it who saw it wrong.

    Attributes
    ----------
    readers : tuple of str
        PLCs that saw the same, or `SCADA`.
    seen : Series
        By time [s], in the tag's unit.
    wrong : Series
        When it differed from the truth, and from what its instrument made of it, by as much as
        the instrument resolves and is told.
    """

    readers: tuple[str, ...]
    seen: pd.Series
    wrong: pd.Series[bool]

    @property
    def seen_wrong(self) -> pd.Series:
        """What was seen where it was wrong, and at the rows beside; NaN elsewhere."""
        return self.seen.where(self.wrong.rolling(3, center=True, min_periods=1).max() > 0)


class Views:
    """What was seen in a run.

    Parameters
    ----------
    run : Tables

    Attributes
    ----------
    falsified : dict of str to list of View
        By tag, who saw it wrong, PLCs first. Tags that an entry names or changed come first, then
        those whose view is farthest from the truth, in its own standard deviations or, if that is
        more, in what counts as deviating.
    """

    def __init__(self, run: Tables):
        self._run, self._tags = run, {tag.name: tag for tag in run.spec.tags}
        self._measured = measured(run.truth, run.scenario, run.spec)
        self._altered = {tag for some in run.labels["altered"] for tag in some}
        found = {tag.name: self._of(tag) for tag in run.spec.tags}
        far = {name: max((self._far(name, v) for v in seen), default=0.0)
               for name, seen in found.items()}  # fmt: skip
        known = self._altered.union(*map(named, run.scenario.entries))
        ranked = sorted(found, key=lambda name: (name not in known, -far[name]))
        self.falsified = {name: found[name] for name in ranked if found[name]}

    def _of(self, tag: Tag) -> list[View]:
        groups: list[View] = []
        for reader, seen in self._readers(tag):
            wrong = self._wrong(tag, reader, seen)
            if not wrong.any():
                continue
            like = next((g for g in groups if reader != SCADA and g.seen.equals(seen)), None)
            if like is None:
                groups.append(View((reader,), seen, wrong))
            else:
                groups[groups.index(like)] = View((*like.readers, reader), seen, wrong)
        return groups

    def _readers(self, tag: Tag) -> Iterator[tuple[str, pd.Series]]:
        """Yield who reads a tag, and what: PLCs that measure or receive it, then SCADA."""
        for column in map(str, self._run.plc):
            reader, _, name = column.partition(".")
            if name == tag.name:
                yield reader, self._run.plc[column]
        yield SCADA, self._run.scada[tag.name]

    def _wrong(self, tag: Tag, reader: str, seen: pd.Series) -> pd.Series[bool]:
        instrument = self._run.spec.wiring.instruments.get(tag.name, Instrument())
        least = max(instrument.resolution, _PRINTED) - _HAIR
        off = (seen - self._measured[tag.name].reindex(seen.index)).abs() >= least
        if instrument != Instrument():
            before = self._measured[tag.name].shift().reindex(seen.index)
            off &= (seen - before).abs() > ALIKE  # a step behind, noise differs at every step
        short = off.mean() < 0.5 and off.rolling(3).sum().max() < 3
        if short and not (reader == SCADA and tag.name in self._altered):
            return off & False  # a scan behind its sensor, here and there, is no lie
        return off

    def _far(self, name: str, view: View) -> float:
        true = self._run.truth[name]
        off = float((view.seen - true.reindex(view.seen.index)).abs().mean())
        return off / max(float(true.std()), DEVIATION[self._tags[name].quantity])


def measured(truth: pd.DataFrame, scenario: Scenario, spec: PlantSpec) -> pd.DataFrame:
    """Return what the instruments showed, as drawn by the scenario's seed, of a truth."""
    made, ranges = spec.wiring.instruments, spec.wiring.ranges
    if spec.exact:
        low, high = (pd.Series({tag: ends[i] for tag, ends in ranges.items()}) for i in (0, 1))
        return truth.assign(**truth[list(ranges)].clip(low, high, axis=1))
    instruments = Instruments(spec.tag_names, made, scenario.seed, spec.step, ranges)
    true = truth[list(spec.tag_names)]
    # Draws begin with the warm-up.
    instruments.show(-scenario.warmup, true.iloc[0].to_numpy(copy=True))
    shown = [
        instruments.show(float(at), row)
        for at, row in zip(true.index, true.to_numpy(copy=True), strict=True)
    ]
    return pd.DataFrame(shown, index=true.index, columns=true.columns)
