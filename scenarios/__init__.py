"""Scenarios: where twin, attacks and detector meet.

>>> import scenarios
>>> run = scenarios.load("t1-overflow-concealed").run(seed=3)  # doctest: +SKIP
>>> run.scada, run.truth, run.alarms, run.impact  # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scenarios.schema import Scenario


def load(scenario: str | Path) -> Scenario:
    """Read a scenario by a shipped name or a path; `.run()` runs it.

    Raises
    ------
    InputError
        With file and line, for anything in it that is wrong.
    """
    from scenarios.schema import load as read  # kept out of start-up: it brings WNTR

    return read(scenario)
