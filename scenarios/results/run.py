"""What a run recorded, and its figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.definition.scenario import Scenario
from scenarios.results.damage import Damage
from scenarios.results.detection import Aftermath, Detection, detection
from scenarios.results.incidents import Incident
from scenarios.results.orders import Misorder
from scenarios.results.slips import Slip
from scenarios.results.views import Views
from twin.plants.spec import PlantSpec
from twin.units import HOUR


@dataclass(frozen=True)
class Run:
    """What a scenario's run recorded. Every table is indexed by time [s] unless it says otherwise.

    Attributes
    ----------
    scenario : Scenario
        As it ran: with the seed and duration used.
    spec : PlantSpec
    status : str
        `done`, `interrupted`, or `failed` with `reason`.
    reason : str
    wall_s : float
    truth, plc, scada, quality : DataFrame
        The true tags with running totals, what each PLC believed, what SCADA showed and how good
        it said that was.
    paired : DataFrame or None
        The truth of the same run without attacks; None if it was not asked for.
    labels : DataFrame
        For each step and entry, by column `time`: `label`, `active`, `altered`, `deviating`; see
        `scenarios.results.labels`.
    scores, alarms : DataFrame
        Empty without a detector.
    limits : DataFrame
        SCADA's own alarms, by when they were raised [s]: `tag`, `limit` (LL, L, H, HH), `value`,
        `bound`, and when it was `cleared` [s], NaN if it never was.
    events : DataFrame
    impact : DataFrame
        By counter, tank and district: `run`, `paired`, `difference`; see
        `scenarios.results.impact`.
    damage : dict of str to Harm, or None
        What the attacks, or without any the faults, did together; None if nothing was compared.
        See `scenarios.results.damage`; that of one incident is among `incidents`.
    incidents : tuple of Incident
    false_episodes : int or None
        Alarms raised outside attacks and faults and a day after them; None without a detector.
    fault_episodes : int or None
        Alarms raised because of a fault, as far as no attack explains them.
    notes : tuple of str
        What the user should know: no detector, EPANET's warnings.
    orders : tuple of Misorder
        Where a PLC's orders were not SCADA's, as an entry on their way had it.
    slips : tuple of Slip
        How far the masks of covert attacks slipped, as far as the run has a pair.
    folder : Path or None
        Where it was written.
    aftermath : {"normal", "attack", "out"}
        What the summary counts the aftermath of attacks as.
    """

    scenario: Scenario
    spec: PlantSpec
    status: str
    reason: str
    wall_s: float
    truth: pd.DataFrame
    plc: pd.DataFrame
    scada: pd.DataFrame
    quality: pd.DataFrame
    paired: pd.DataFrame | None
    labels: pd.DataFrame
    scores: pd.DataFrame
    alarms: pd.DataFrame
    limits: pd.DataFrame
    events: pd.DataFrame
    impact: pd.DataFrame
    damage: Damage | None
    incidents: tuple[Incident, ...]
    false_episodes: int | None
    fault_episodes: int | None
    notes: tuple[str, ...]
    orders: tuple[Misorder, ...] = ()
    slips: tuple[Slip, ...] = ()
    folder: Path | None = None
    aftermath: Aftermath = "normal"

    @property
    def hours(self) -> float:
        """How much was simulated and recorded."""
        return len(self.truth) * self.spec.step / HOUR

    def detection(self, aftermath: Aftermath = "normal") -> Detection | None:
        """Return how well the detector told attacked hours from others; None if it could not.

        Parameters
        ----------
        aftermath : {"normal", "attack", "out"}
            What an hour counts as in which no attack is active any more but the water deviates
            from the paired run's: normal, as in BATADAL; attacked; or it is left out.

        Raises
        ------
        InputError
            If the run has no pair, and the aftermath is not normal.
        """
        return detection(self.scores, self.labels, aftermath, self.paired is not None)

    @cached_property
    def views(self) -> Views:
        """Who was shown something else than the truth."""
        return Views(self)

    def summary(self) -> dict[str, Any]:
        """Return the run in figures, ready for JSON."""
        alarms = [
            {
                "time_h": row["time"] / HOUR,
                "last_h": row["last"] / HOUR,
                "score": row["score"],
                "peak": row["peak"],
                "tags": row["tags"],
                "plc": row["plc"],
            }
            for row in self.alarms.reset_index().to_dict("records")
        ]
        measured = self.detection(self.aftermath)
        return {
            "scenario": self.scenario.name,
            "seed": self.scenario.seed,
            "status": self.status,
            "reason": self.reason,
            "hours": self.hours,
            "wall_s": round(self.wall_s, 3),
            "folder": None if self.folder is None else str(self.folder),
            "attacks": [asdict(incident) for incident in self.incidents],
            "damage": None if self.damage is None else _plain(self.damage),
            "impact": known(self.impact["run"]),
            "paired": None if self.paired is None else known(self.impact["paired"]),
            "detection": None if measured is None else asdict(measured),
            "false_episodes": self.false_episodes,
            "fault_episodes": self.fault_episodes,
            "slips": [asdict(one) for one in self.slips],
            "alarms": alarms,
            "notes": list(self.notes),
        }


def _plain(damage: Damage) -> dict[str, dict[str, float]]:
    return {name: asdict(harm) for name, harm in damage.items()}


def known(figures: pd.Series[float]) -> dict[str, float | None]:
    """Return figures for JSON, which knows no NaN."""
    return {str(name): None if pd.isna(value) else float(value) for name, value in figures.items()}
