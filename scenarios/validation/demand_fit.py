"""The demands behind a record, and how well a day-type profile describes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import kstest

from detector.records.record import Record
from twin.errors import InputError
from twin.plants.profile import EVERY, Profile, check_known, fit, standardised
from twin.plants.spec import PlantSpec
from twin.shadow.inference import explain_all
from twin.tags import Values

LAGS = (1, 2, 24, 168)
"""Hours of the autocorrelation: an hour, two, a day, a week."""


@dataclass(frozen=True)
class DemandFit:
    """A day-type profile, the multipliers it was fitted to, and the residuals.

    Attributes
    ----------
    profile : Profile
    names : tuple of str
        The DMAs of its first axis, or `all`.
    multipliers : ndarray of shape (T, DMAs)
        By hour of the record; NaN for hours left out.
    residual : ndarray of shape (T,)
        Root of the mean square, over the flows and pressures that move, of the error that the
        demands leave, divided by the tag's standard deviation in the record.
    z : ndarray of shape (T, DMAs)
        Multipliers less their hour's mean, divided by its standard deviation.
    """

    profile: Profile
    names: tuple[str, ...]
    multipliers: Values
    residual: Values
    z: Values

    def as_dict(self) -> dict[str, Any]:
        """Return the figures, ready for JSON.

        `ks` and `p` hold the standardised multipliers against N(0, 1), `autocorrelation` has their
        mean over the DMAs at each lag.
        """
        known = np.isfinite(self.residual)
        test = kstest(self.z[np.isfinite(self.z)], "norm")
        return {
            "rows": len(known),
            "hours": int(known.sum()),
            "residual": round(float(np.median(self.residual[known])), 9),
            "residual_95": round(float(np.quantile(self.residual[known], 0.95)), 9),
            "ks": round(float(test.statistic), 6),
            "p": round(float(test.pvalue), 6),
            "autocorrelation": {str(lag): round(_autocorrelation(self.z, lag), 6) for lag in LAGS},
            "profile": {
                name: {"mean": mean.round(6).tolist(), "std": std.round(6).tolist()}
                for name, mean, std in zip(
                    self.names, self.profile.mean, self.profile.std, strict=True
                )
            },
        }


def _autocorrelation(z: Values, lag: int) -> float:
    """Return the mean over the DMAs at a lag [h]."""
    product = z[lag:] * z[:-lag]
    return float(np.nanmean(product) / np.nanvar(z)) if np.isfinite(product).any() else 0.0


def fit_demands(
    spec: PlantSpec,
    record: Record,
    *,
    shared: bool = True,
    on_share: Callable[[float], None] = lambda share: None,
) -> DemandFit:
    """Infer the demands of a record's normal hours and fit a profile to them.

    It is for the demands that follow a weekly pattern, or for all where none does.

    Parameters
    ----------
    spec : PlantSpec
    record : Record
    shared : bool, default True
        Whether all DMAs draw from one profile, or each from its own.
    on_share : callable, optional
        Told which share of the rows is done.

    Raises
    ------
    InputError
        If too few hours are known, or nothing is drawn; before anything is solved.
    """
    if not spec.profiled:
        spec = replace(spec, whole=True)
    if not spec.profiled:
        raise InputError(f"no junction of plant {spec.name} has a demand")
    try:
        check_known(record.start, record.normal * (len(spec.profiled) if shared else 1))
    except InputError as short:
        raise InputError(short.message, record.path) from None
    rows = record.rows.copy()
    rows[~record.normal] = np.nan
    multipliers, expected = explain_all(spec, rows, lambda count: on_share(count / len(rows)))
    profile = fit(multipliers, record.start, shared=shared)
    fitted = [i for i, tag in enumerate(spec.tags) if tag.quantity in ("flow", "pressure")]
    seen = rows[:, fitted]
    spread = np.nanstd(seen, axis=0)
    moves = spread > 0
    error = (expected[:, fitted] - seen)[:, moves] / spread[moves]
    known = np.isfinite(multipliers).all(axis=1)
    residual = np.full(len(rows), np.nan)
    residual[known] = np.sqrt(np.nanmean(error[known] ** 2, axis=1))
    return DemandFit(
        profile=profile,
        names=(EVERY,) if shared else tuple(spec.dmas),
        multipliers=multipliers,
        residual=residual,
        z=standardised(multipliers, record.start, profile),
    )
