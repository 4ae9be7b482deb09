"""Techniques of MITRE ATT&CK for ICS: which one a kind is, which depends on the port."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attacks.attack import Attack

TO_PLC, TO_SCADA, ORDERS = "link:…->PLC…", "link:…->SCADA", "link:SCADA->PLC…"
PORTS = {
    "sensor": ("sensor:…",),
    "link": (TO_PLC, TO_SCADA, ORDERS),
    "plc": ("plc:…",),
    "scada": ("scada",),
    "actuator": ("actuator:…",),
    "plant": ("plant:…",),
}
"""What each family of ports is, where it makes a difference."""
_SPOOF, _VIEW = "T0856 Spoof Reporting Message", "T0832 Manipulation of View"
_IMAGE = "T0835 Manipulate I/O Image"
_ELSEWHERE = {
    "T0804 Block Reporting Message": {
        ORDERS: "T0803 Block Command Message",
        "plc:…": _IMAGE,
        "scada": "T0815 Denial of View",
    },
    "T0830 Adversary-in-the-Middle": {"plc:…": _IMAGE, "scada": _VIEW},
    _SPOOF: {ORDERS: "T0855 Unauthorized Command Message", "plc:…": _IMAGE, "scada": _VIEW},
    _VIEW: {
        "sensor:…": _SPOOF,
        TO_PLC: _SPOOF,
        ORDERS: "T0831 Manipulation of Control",
        "plc:…": _IMAGE,
    },
}
"""What a kind's own technique is called at a port where that does not fit."""


def techniques(cls: type[Attack]) -> dict[str, list[str]]:
    """Return the techniques of a kind, each with the ports where it is that one."""
    ports: dict[str, list[str]] = {}
    for family in cls.ports:
        for port in PORTS[family]:
            technique = _ELSEWHERE.get(cls.technique, {}).get(port, cls.technique)
            if technique:
                ports.setdefault(technique, []).append(port)
    return ports
