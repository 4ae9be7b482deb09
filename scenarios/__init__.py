"""Scenarios: where twin, attacks and detector meet.

>>> import scenarios
>>> run = scenarios.run("t1-overflow-concealed", seed=3)  # doctest: +SKIP
>>> run.scada, run.truth, run.alarms, run.impact  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scenarios.definition.schema import load
    from scenarios.results.folder import open_run
    from scenarios.simulation.run import run
    from scenarios.sweeps.sweep_file import sweep

__all__ = ["load", "open_run", "run", "sweep"]

_HOMES = {
    "load": "scenarios.definition.schema",
    "open_run": "scenarios.results.folder",
    "run": "scenarios.simulation.run",
    "sweep": "scenarios.sweeps.sweep_file",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: WNTR alone takes a second."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
