"""What a run recorded, and its figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.results.damage import Damage
from scenarios.results.detection import Aftermath, Detection, detection
from scenarios.results.incidents import Incident, Verdict
from scenarios.results.orders import Misorder
from scenarios.results.slips import Slip
from scenarios.results.tables import Tables
from scenarios.results.unseen import UnseenLimit, unseen_limits
from scenarios.results.views import Views
from twin.units import HOUR


@dataclass(frozen=True, kw_only=True, repr=False)
class Run(Tables):
    """What a scenario's run recorded, in the tables of `Tables`, and what it comes to.

    It pickles, and `scenarios.open_run` reads it back from its folder.

    Attributes
    ----------
    status : str
        `done`, `interrupted`, or `failed` with `reason`.
    reason : str
    wall_s : float
        How long it took [s].
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
    detectors : tuple of Verdict
        What each detector noticed; the figures above are the first one's.
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

    status: str
    reason: str
    wall_s: float
    impact: pd.DataFrame
    damage: Damage | None
    incidents: tuple[Incident, ...]
    false_episodes: int | None
    fault_episodes: int | None
    detectors: tuple[Verdict, ...]
    notes: tuple[str, ...]
    orders: tuple[Misorder, ...]
    slips: tuple[Slip, ...]
    folder: Path | None
    aftermath: Aftermath

    def __repr__(self) -> str:
        """Say in a few lines which run it is and what came of it."""
        scenario = self.scenario
        lines = [
            f"Run of {scenario.name}, seed {scenario.seed}: {self.hours:g} h of "
            f"{self.spec.name}, {self.status}"
        ]
        for incident in self.incidents:
            noticed = "" if incident.detected is None else ", not noticed"
            if incident.detected:
                noticed = f", noticed after {incident.delay_h:g} h"
            harmed = f", damage from h {incident.damage_h:.1f}" if incident.damage else ""
            start = "never began" if incident.start_h is None else f"from h {incident.start_h:g}"
            lines.append(f"  {incident.name}: {start}{noticed}{harmed}")
        lines.append(f"  truth {self.truth.shape}, scada {self.scada.shape}, "
                     f"{len(self.alarms)} alarms, {len(self.events)} events")  # fmt: skip
        return "\n".join(lines + ([f"  in {self.folder}"] if self.folder else []))

    def __getstate__(self) -> dict[str, Any]:
        """Return what pickles: the fields, without what was worked out from them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

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
        return detection(self.scores_of(0), self.labels, aftermath, self.paired is not None)

    def scores_of(self, place: int) -> pd.DataFrame:
        """Return the scores of a detector by its place in `detectors`, by time [s]."""
        if not self.detectors:
            return self.scores
        return self.scores[self.scores["detector"] == self.detectors[place].detector]

    @cached_property
    def views(self) -> Views:
        """Who was shown something else than the truth."""
        return Views(self)

    @cached_property
    def unseen(self) -> list[UnseenLimit]:
        """The limits that the water, or SCADA's view of it, passed without an alarm of SCADA's."""
        return unseen_limits(self)

    @property
    def written(self) -> dict[float, str]:
        """What the operator wrote, in words, by time [s]: by the clock, as an answer, by hand."""
        events = self.events[self.events["source"] == "operator"]
        times = dict.fromkeys(events.index.to_numpy(dtype=float).tolist())
        return {at: ", ".join(events.loc[[at], "what"]) for at in times}

    def summary(self) -> dict[str, Any]:
        """Return the run in figures, ready for JSON."""
        alarms = [
            {
                "time_h": row["time"] / HOUR,
                "detector": row["detector"],
                "last_h": row["last"] / HOUR,
                "score": row["score"],
                "peak": row["peak"],
                "tags": row["tags"],
                "plc": row["plc"],
                "why": row["why"],
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
            "wall_s": self.wall_s,
            "folder": None if self.folder is None else str(self.folder),
            "aftermath": self.aftermath,
            "attacks": [asdict(incident) for incident in self.incidents],
            "damage": None if self.damage is None else _plain(self.damage),
            "impact": known(self.impact["run"]),
            "paired": None if self.paired is None else known(self.impact["paired"]),
            "detection": None if measured is None else asdict(measured),
            "false_episodes": self.false_episodes,
            "fault_episodes": self.fault_episodes,
            "unseen_limits": [asdict(limit) for limit in self.unseen],
            "detectors": [asdict(verdict) for verdict in self.detectors],
            "slips": [asdict(one) for one in self.slips],
            "alarms": alarms,
            "notes": list(self.notes),
        }


def _plain(damage: Damage) -> dict[str, dict[str, float]]:
    return {name: asdict(harm) for name, harm in damage.items()}


def known(figures: pd.Series[float]) -> dict[str, float | None]:
    """Return figures for JSON, which knows no NaN."""
    return {str(name): None if pd.isna(value) else float(value) for name, value in figures.items()}
