"""The places where readings pass and may be tampered with, by the names scenarios give them."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Sequence

from twin.errors import InputError, nearest
from twin.link import TapPoint

PLC = "plc:"


def named(
    name: str, points: Sequence[TapPoint], plcs: Collection[str], outputs: bool = False
) -> list[TapPoint]:
    """Return the tap points a port names.

    Parameters
    ----------
    name : str
        `sensor:…`, `link:…->…` (with `*`), `actuator:…`, `scada`, or `plc:…`: every wire and link
        into a PLC's memory.
    points : sequence of TapPoint
        All there are.
    plcs : collection of str
    outputs : bool, default False
        Of a PLC, every link out of it instead.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name.startswith(PLC):
        return _of_plc(name.removeprefix(PLC), points, plcs, outputs)
    found = [point for point in points if fnmatch.fnmatchcase(point.name, name)]
    source, arrow, target = name.removeprefix("link:").partition("->")
    turned = f"link:{target}->{source}"
    if not found and arrow and any(point.name == turned for point in points):
        raise InputError(f"no port {name!r}: readings go the other way, {turned}")
    if not found:
        raise InputError(f"no port {name!r}: {nearest(name, {p.name for p in points})}")
    return found


def _of_plc(
    plc: str, points: Sequence[TapPoint], plcs: Collection[str], outputs: bool
) -> list[TapPoint]:
    if plc not in plcs:
        raise InputError(f"unknown PLC {plc!r}: {nearest(plc, plcs)}")
    pattern = f"link:{plc}->*" if outputs else f"link:*->{plc}"
    orders = f"link:SCADA->{plc}"
    found = [point for point in points if fnmatch.fnmatchcase(point.name, pattern)]
    return [point for point in found if point.name != orders]
