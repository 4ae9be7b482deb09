"""How far a covert attack's mask slips: SCADA's view against that of the run without attacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import pandas as pd

from attacks.entries.entry import Armed
from attacks.kinds.covert import Covert, slip
from scenarios.definition.scenario import Scenario
from scenarios.results.views import SCADA, measured
from twin.control.ports import Port
from twin.plants.spec import PlantSpec
from twin.tags import Quality, Tag
from twin.units import HOUR


@dataclass(frozen=True)
class Slip:
    """By how much SCADA, while a covert entry acted, was shown something else than usual.

    Attributes
    ----------
    entry : str
    tag : str
        The one that is farthest off, by its root mean square in its usual standard deviations.
    most : float
        The farthest that it was off [its unit].
    at_h : float
        When that was.
    relative : float or None
        Its root mean square [its usual standard deviations]; None if it is usually constant.
    mean_relative : float or None
        The mean of this over the tags the entry masks that usually move.
    """

    entry: str
    tag: str
    most: float
    at_h: float
    relative: float | None
    mean_relative: float | None


def slips(
    armed: Sequence[Armed],
    scenario: Scenario,
    spec: PlantSpec,
    scada: pd.DataFrame,
    quality: pd.DataFrame,
    labels: pd.DataFrame,
    paired: pd.DataFrame,
) -> Iterator[Slip]:
    """Yield the slip of each covert entry that acted on what SCADA shows.

    What SCADA did not hear in time, or was not told anew, is not compared.
    """
    masking = [one for one in armed if isinstance(one.entry.do, Covert)]
    usual = measured(paired, scenario, spec) if masking else paired
    tags = {tag.name: tag for tag in spec.tags}
    for one in masking:
        acted = labels.loc[(labels["entry"] == one.entry.name) & labels["active"], "time"]
        names = [name for name in one.touched if _reaches_scada(one.entry.port, tags[name])]
        shown = scada.loc[scada.index.isin(acted), names].where(quality[names] == Quality.GOOD)
        for name in names:
            shown[name] = shown[name].where(shown.index % spec.plcs[tags[name].plc].polling == 0)
        if shown.notna().any(axis=None):
            yield _farthest(one.entry.name, shown.reindex(scada.index), usual[names])


def _reaches_scada(port: Port, tag: Tag) -> bool:
    """Return whether SCADA sees a tag as it passed at a port."""
    heard = fnmatchcase(SCADA, port.receiver) or fnmatchcase(tag.plc, port.receiver)
    return port.family in ("scada", "sensor") or heard


def _farthest(entry: str, shown: pd.DataFrame, usual: pd.DataFrame) -> Slip:
    table = slip(shown, usual)
    tag = str(table.index[0])
    off = (shown[tag] - usual[tag]).abs()
    at = float(str(off.idxmax()))
    relative, mean = table["relative"].iloc[0], table["relative"].mean()
    return Slip(
        entry=entry,
        tag=tag,
        most=float(off.max()),
        at_h=at / HOUR,
        relative=None if pd.isna(relative) else float(relative),
        mean_relative=None if pd.isna(mean) else float(mean),
    )
