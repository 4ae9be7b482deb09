"""What the peers call a reading, as tags of the plant."""

from __future__ import annotations

from attacks.importers.layout import Layout

_QUANTITIES = {"P": None, "F": "flow", "S": "status", "SE": "setting"}


def of_epanetcpa(layout: Layout, name: str) -> str:
    """Return the tag of a sensor as epanetCPA names it: `P_T2`, `F_PU1`, `S_PU1`; older `T2`.

    The `.cpa` files written for DHALSIM have its names, `PU1F`.

    Raises
    ------
    InputError
        If the plant has no such component.
    KeyError
        If it has, but does not measure that.
    """
    prefix, _, rest = name.partition("_")
    quantity: str | None = None
    element = layout.element(name)
    if element is None and prefix in _QUANTITIES and rest:
        element, quantity = layout.element(rest), _QUANTITIES[prefix]
    elif element is None and name[-1:].upper() == "F":
        element, quantity = layout.element(name[:-1]), "flow"
    if element is None:
        raise layout.unknown(rest if prefix in _QUANTITIES and rest else name)
    return _measured(layout, name, element, quantity)


def of_dhalsim(layout: Layout, name: str) -> str:
    """Return the tag of a sensor as DHALSIM names it: `T1`, `J280`, `PU1F`; `PU1` is a status.

    Raises
    ------
    InputError
        If the plant has no such component.
    KeyError
        If it has, but does not measure that.
    """
    element, quantity = layout.element(name), None
    if element is None and name[-1:].upper() == "F":
        element, quantity = layout.element(name[:-1]), "flow"
    if element is None:
        raise layout.unknown(name)
    if quantity is None and layout.kind(element) in ("pump", "valve", "pipe"):
        quantity = "status"
    return _measured(layout, name, element, quantity)


def _measured(layout: Layout, name: str, element: str, quantity: str | None) -> str:
    tag = layout.tag(element, quantity)
    if tag is None:
        raise KeyError(name)
    return tag
