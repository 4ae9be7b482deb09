"""The JSON Schema of `control:`, the part of plcs.yaml that a scenario may override."""

from __future__ import annotations

from typing import Any

from attacks.annotations import DURATION, setting
from twin.plants.equipment import LEVELS
from twin.plants.logic import CROSSINGS, STATES

_NUMBER = {"type": "number"}
_POSITIVE = {"type": "number", "minimum": 0.0}


def _keys(**known: Any) -> dict[str, Any]:
    """Return a mapping of these keys; nothing may stand there too."""
    return {"type": ["object", "null"], "properties": known, "additionalProperties": False}


def _each(line: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping from names, or patterns of names, to lines of this form."""
    return {"type": ["object", "null"], "additionalProperties": line}


_SCAN = _keys(every=DURATION, crossings={"enum": list(CROSSINGS)})
_OUTAGE = {
    "type": "object",
    "properties": dict.fromkeys(("from", "for", "to"), DURATION),
    "additionalProperties": False,
    "required": ["from"],
    "minProperties": 2,
    "maxProperties": 2,
}
_LINK = _keys(
    latency=DURATION,
    jitter=DURATION,
    timeout=DURATION,
    loss={"type": "number", "minimum": 0.0, "maximum": 1.0},
    bandwidth={"type": "number", "exclusiveMinimum": 0.0},
    retries={"type": "integer", "minimum": 0, "maximum": 100},
    outages={"type": ["array", "null"], "items": _OUTAGE},
)
_PLC = _keys(
    scan=_SCAN,
    polling=DURATION,
    hold={"anyOf": [DURATION, {"type": "null"}]},
    failsafe=_each(setting(STATES)),
)
CONTROL = _keys(
    step=DURATION,
    polling=DURATION,
    scan=_SCAN,
    latency=DURATION,
    links=_each(_LINK),
    sensors=_each(_keys(noise=_POSITIVE, resolution=_POSITIVE, drift=_NUMBER)),
    alarms=_each(_keys(**dict.fromkeys(LEVELS, _NUMBER), deadband=_POSITIVE)),
    dry_run_protection={"enum": [True, False]},
    plcs=_each(_PLC),
) | {"type": "object"}
