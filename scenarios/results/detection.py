"""How well a run's detector told attacked hours from others, whichever the aftermath counts as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from detector.metrics import measure
from scenarios.results.labels import aftermath as of_aftermath
from scenarios.results.labels import attacked
from twin.errors import InputError, nearest

Aftermath = Literal["normal", "attack", "out"]
AFTERMATHS = get_args(Aftermath)
"""What the hours count as in which no attack is active but the water still deviates from the
paired run's: normal, as in BATADAL; attacked; or they are left out."""


@dataclass(frozen=True)
class Detection:
    """Measures over rows, each a score; never point-adjusted.

    Attributes
    ----------
    aftermath : str
        What it counts as, one of `AFTERMATHS`.
    rows, attacked_rows : int
        That were judged, and those of them that count as attacked.
    precision : float or None
        Of the alarms; None where there was none.
    recall, f1 : float
    auc, pr_auc : float or None
        Areas under the ROC and the precision-recall curve; None where all rows are alike.
    """

    aftermath: Aftermath
    rows: int
    attacked_rows: int
    precision: float | None
    recall: float
    f1: float
    auc: float | None
    pr_auc: float | None


def detection(
    scores: pd.DataFrame, labels: pd.DataFrame, aftermath: Aftermath, compared: bool
) -> Detection | None:
    """Measure a run's scores against its labels.

    Parameters
    ----------
    scores : DataFrame
        `score` and `alarm`, indexed by time [s]; rows without a score are not judged.
    labels : DataFrame
        As `scenarios.results.labels.Labels.table` returns it.
    aftermath : {"normal", "attack", "out"}
        What the aftermath counts as.
    compared : bool
        Whether the labels know what deviates.

    Returns
    -------
    Detection or None
        None where nothing was scored, or no row was under attack.

    Raises
    ------
    InputError
        For another word, or where the aftermath is asked for and nothing was compared.
    """
    check_aftermath(aftermath, compared)
    known = scores[np.isfinite(scores["score"])] if len(scores) else scores
    times = known.index.to_numpy(dtype=float)
    under = attacked(labels, times)
    if not under.any():
        return None
    judged = np.ones(len(times), dtype=np.bool_)
    if aftermath == "attack":
        under = under | of_aftermath(labels, times)
    elif aftermath == "out":
        judged = ~of_aftermath(labels, times)
    alarms = known["alarm"].to_numpy(dtype=np.bool_)[judged]
    made = measure(under[judged], known["score"].to_numpy(dtype=float)[judged], alarms, [])
    return Detection(
        aftermath=aftermath,
        rows=made.rows,
        attacked_rows=int(under[judged].sum()),
        precision=made.precision if alarms.any() else None,
        recall=made.recall,
        f1=made.f1,
        auc=made.auc,
        pr_auc=made.pr_auc,
    )


def check_aftermath(aftermath: str, compared: bool) -> None:
    """Raise InputError if the aftermath cannot count as that."""
    if aftermath not in AFTERMATHS:
        raise InputError(f"aftermath {aftermath!r}: {nearest(aftermath, AFTERMATHS)}")
    if aftermath != "normal" and not compared:
        raise InputError(
            f"aftermath {aftermath!r}: not known where no run without attacks is compared with"
        )
