"""What attacks of other tools do, as the `do` of an entry: a kind of attack and its fields."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from twin.units import readable

Do = dict[str, Any]
_POSITIONS: dict[float, str | float] = {0.0: "closed", 1.0: "open"}


def constant(value: float) -> Do:
    """Show one value [the tag's unit]."""
    return {"constant": {"value": value}}


def offset(by: float) -> Do:
    """Add to what passes [the tag's unit]."""
    return {"offset": {"by": by}}


def drop(share: float = 1.0) -> Do:
    """Let nothing pass, or lose a share of it."""
    return {"drop": {} if share == 1.0 else {"probability": share}}


def delay(milliseconds: float) -> Do:
    """Let all arrive late."""
    return {"delay": {"by": f"{milliseconds:.10g} ms"}}


def freeze() -> Do:
    """Show the last value that passed."""
    return {"freeze": {}}


def block() -> Do:
    """Let no command through."""
    return {"block": {}}


def force(to: float) -> Do:
    """Command a pump or valve."""
    return {"force": {"to": _POSITIONS.get(to, to)}}


def shifted(seconds: float) -> Do:
    """Show what passed a time ago."""
    return {"replay": {"shift": readable(seconds)}}


def repeated(seconds: float, noise: float, low: float, high: float) -> Do:
    """Show what passed in a time before the attack, over and over, with noise, within limits.

    An infinite limit is no limit.
    """
    fields: Do = {"window": readable(seconds)}
    if noise:
        fields["noise"] = noise
    limits = {"low": low, "high": high}
    fields |= {key: value for key, value in limits.items() if math.isfinite(value)}
    return {"replay": fields}


def table(key: str) -> Do:
    """Show the values of a table, named by its key in `Imported.tables`, row by row."""
    return {"table": {"file": key, "staircase": True}}


def setpoint(actuator: str, opens_below: float, closes_above: float) -> Do:
    """Change the thresholds of a pump or valve [m]."""
    fields = {"actuators": [actuator], "opens_below": opens_below, "closes_above": closes_above}
    return {"setpoint": fields}


def rewrite(rules: Sequence[tuple[str, str, float]]) -> Do:
    """Replace all rules for some actuators: each a condition, an actuator and its command."""
    lines = [{"when": when, name: _POSITIONS.get(to, to)} for when, name, to in rules]
    return {"rewrite": {"rules": lines}}
