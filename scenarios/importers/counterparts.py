"""The plant's own names and wiring, asked in the peers' words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from twin.errors import InputError, listed, nearest
from twin.plants.spec import PlantSpec

SCADA = "SCADA"
_KINDS = ("tank", "junction", "reservoir", "pump", "valve", "pipe")


@dataclass(frozen=True)
class Cabinet:
    """A PLC as the imported file describes it: tags of ours that it reads, what it drives."""

    sensors: tuple[str, ...] = ()
    actuators: tuple[str, ...] = ()


@dataclass
class Layout:
    """A plant, and the PLCs of the imported file.

    Attributes
    ----------
    spec : PlantSpec
    cabinets : dict of str to Cabinet
        The file's PLCs, by the file's names; empty where it describes none.
    """

    spec: PlantSpec
    cabinets: dict[str, Cabinet] = field(default_factory=dict)

    def __post_init__(self) -> None:
        model = self.spec.model
        names = {
            "tank": model.tank_name_list,
            "junction": model.junction_name_list,
            "reservoir": model.reservoir_name_list,
            "pump": model.pump_name_list,
            "valve": model.valve_name_list,
            "pipe": model.pipe_name_list,
        }
        self._kind = {name: kind for kind in _KINDS for name in names[kind]}
        self._folded = {name.casefold(): name for name in reversed(self._kind)}
        self._tags = {(tag.quantity, tag.element): tag.name for tag in self.spec.tags}
        self._elements = {tag.name: tag.element for tag in self.spec.tags}
        self.owners = {tag.name: tag.plc for tag in self.spec.tags}

    def element(self, name: str) -> str | None:
        """Return the plant's name of a component, whatever its case; None if it has none such."""
        return name if name in self._kind else self._folded.get(name.casefold())

    def kind(self, element: str) -> str:
        """Return `tank`, `junction`, `reservoir`, `pump`, `valve` or `pipe`."""
        return self._kind[element]

    def drives(self, name: str) -> bool:
        """Return whether a name is that of a pump or valve."""
        element = self.element(name)
        return element is not None and self._kind[element] in ("pump", "valve")

    def unknown(self, name: str) -> InputError:
        """Return the error for a component that the plant does not have."""
        hint = nearest(name, self._kind) if len(self._kind) < 45 else _near(name, self._kind)
        plant = self.spec.name
        return InputError(
            f"the plant {plant} has no {name!r}{hint}; --plant names the plant the file is for"
        )

    def tag(self, element: str, quantity: str | None = None) -> str | None:
        """Return the tag of a component's reading, None where the plant measures none.

        Parameters
        ----------
        element : str
        quantity : str, optional
            By default a tank's level, a node's pressure, a link's flow.
        """
        usual = {"tank": "level", "junction": "pressure", "reservoir": "pressure"}
        return self._tags.get((quantity or usual.get(self._kind[element], "flow"), element))

    def wire(self, tag: str) -> str:
        """Return the port of a tag's field wire."""
        return f"link:{self._elements[tag]}->{self.owners[tag]}"

    def receivers(self, tag: str) -> list[str]:
        """Return the PLCs that another PLC sends the tag to."""
        return [name for name, plc in self.spec.plcs.items() if tag in plc.receives]

    def driver(self, actuator: str) -> str | None:
        """Return the PLC that drives a pump or valve."""
        return next((n for n, plc in self.spec.plcs.items() if actuator in plc.actuators), None)

    def described(self, cabinets: Mapping[str, Cabinet]) -> None:
        """Take the imported file's PLCs."""
        self.cabinets = dict(cabinets)

    def counterpart(self, name: str) -> str | None:
        """Return the plant's PLC that does what the file's PLC of that name does.

        It is the one that drives most of its actuators and measures most of its sensors; where the
        file says of neither, the one of that name.
        """
        cabinet = self.cabinets.get(name, Cabinet())
        shared: Counter[str] = Counter()
        for actuator in cabinet.actuators:
            shared[self.driver(actuator) or ""] += 10
        for tag in cabinet.sensors:
            shared[self.owners.get(tag, "")] += 1
        del shared[""]
        if shared:
            best = max(shared.values())
            return min((plc for plc in shared if shared[plc] == best), key=lambda plc: plc != name)
        folded = {plc.casefold(): plc for plc in self.spec.plcs}
        return folded.get(name.casefold())

    def unlisted(self) -> Iterator[str]:
        """Say which of the plant's PLCs and actuators no PLC of the imported file stands for."""
        there = {self.counterpart(name) for name in self.cabinets}
        if plcs := [name for name in self.spec.plcs if name not in there]:
            yield f"not among the PLCs of the file, but at work here: {listed(plcs)}"
        driven = {actuator for one in self.cabinets.values() for actuator in one.actuators}
        idle = {
            actuator: name
            for name, plc in self.spec.plcs.items()
            for actuator in plc.actuators
            if actuator not in driven
        }
        if idle:
            drivers = listed(set(idle.values()))
            yield f"driven by no PLC of the file, but here by {drivers}: {listed(idle)}"

    def differences(self, name: str, cabinet: Cabinet) -> Iterable[str]:
        """Say what the file's PLC of that name measures or drives, and here another does."""
        for tag in cabinet.sensors:
            if self.owners[tag] != name:
                yield f"{name} reads {tag} in the file; here {self.owners[tag]} does"
        for actuator in cabinet.actuators:
            driver = self.driver(actuator)
            if driver != name:
                here = f"here {driver} does" if driver else "here no PLC does"
                yield f"{name} drives {actuator} in the file; {here}"


def _near(name: str, names: Iterable[str]) -> str:
    hint = nearest(name, names)
    return f" ({hint})" if hint.startswith("did you mean") else ""


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
