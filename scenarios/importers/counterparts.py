"""What of the plant another tool's names mean: its components, its tags and its PLCs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from scenarios.importers.imported import Placed, hint
from twin.errors import InputError, listed, nearest
from twin.plants.spec import PlantSpec

SCADA = "SCADA"
_FEW = 45  # components, below which all are named where none is near
_USUAL = {"tank": "level", "junction": "pressure", "reservoir": "pressure"}
_EPANETCPA = {"P": None, "F": "flow", "S": "status", "SE": "setting"}


@dataclass(frozen=True)
class FilePlc:
    """A PLC as the imported file describes it: the plant's tags it reads, what it drives."""

    sensors: tuple[str, ...] = ()
    actuators: tuple[str, ...] = ()


@dataclass
class Counterparts:
    """A plant, asked by the names that the imported file uses.

    Attributes
    ----------
    spec : PlantSpec
    file_plcs : dict of str to FilePlc
        The file's PLCs, by the file's names; empty where it describes none.
    owners : dict of str to str
        The PLC that measures each tag.
    """

    spec: PlantSpec
    file_plcs: dict[str, FilePlc] = field(default_factory=dict)
    owners: dict[str, str] = field(init=False)

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
        self._kind = {name: kind for kind in names for name in names[kind]}
        self._folded = {name.casefold(): name for name in reversed(self._kind)}
        self._tags = {(tag.quantity, tag.element): tag.name for tag in self.spec.tags}
        self._elements = {tag.name: tag.element for tag in self.spec.tags}
        self.owners = {tag.name: tag.plc for tag in self.spec.tags}

    def element(self, name: str) -> str | None:
        """Return the plant's name of a component, whatever its case; None if it has none such."""
        return name if name in self._kind else self._folded.get(name.casefold())

    def element_at(self, name: str, at: Placed) -> str:
        """Return the plant's name of a component; one it lacks is an error there."""
        element = self.element(name)
        if element is None:
            raise at.place.error(self.unknown(name).message)
        return element

    def unknown(self, name: str) -> InputError:
        """Return the error for a component that the plant does not have."""
        few = len(self._kind) < _FEW
        near = f" ({nearest(name, self._kind)})" if few else hint(name, self._kind)
        return InputError(
            f"the plant {self.spec.name} has no {name!r}{near}; "
            "--plant names the plant the file is for"
        )

    def kind(self, element: str) -> str:
        """Return `tank`, `junction`, `reservoir`, `pump`, `valve` or `pipe`."""
        return self._kind[element]

    def drives(self, name: str) -> bool:
        """Return whether a name is that of a pump or valve."""
        element = self.element(name)
        return element is not None and self._kind[element] in ("pump", "valve")

    def tag(self, element: str, quantity: str | None = None) -> str | None:
        """Return the tag of a component's reading, None where the plant measures none.

        Parameters
        ----------
        element : str
        quantity : str, optional
            By default a tank's level, a node's pressure, a link's flow.
        """
        return self._tags.get((quantity or _USUAL.get(self._kind[element], "flow"), element))

    def epanetcpa_tag(self, name: str) -> str | None:
        """Return the tag of a sensor as epanetCPA names it: `P_T2`, `F_PU1`, `S_PU1`; older `T2`.

        The `.cpa` files written for DHALSIM have its names, `PU1F`.

        Returns
        -------
        str or None
            None if the plant has the component, but does not measure that.

        Raises
        ------
        InputError
            If the plant has no such component.
        """
        prefix, _, rest = name.partition("_")
        if prefix in _EPANETCPA and rest and self.element(name) is None:
            element = self.element(rest)
            if element is None:
                raise self.unknown(rest)
            return self.tag(element, _EPANETCPA[prefix])
        return self._plain_tag(name, "flow")

    def dhalsim_tag(self, name: str) -> str | None:
        """Return the tag of a sensor as DHALSIM names it: `T1`, `J280`, `PU1F`; `PU1` is a status.

        None and InputError as in `epanetcpa_tag`.
        """
        return self._plain_tag(name, "status")

    def _plain_tag(self, name: str, of_link: str) -> str | None:
        """Return the tag of a name without prefix: of `PU1` its `of_link`, of `PU1F` its flow."""
        element, quantity = self.element(name), None
        if element is None and name[-1:].upper() == "F":
            element, quantity = self.element(name[:-1]), "flow"
        if element is None:
            raise self.unknown(name)
        return self.tag(element, quantity or _USUAL.get(self._kind[element], of_link))

    def wire(self, tag: str) -> str:
        """Return the port of a tag's field wire."""
        return f"link:{self._elements[tag]}->{self.owners[tag]}"

    def receivers(self, tag: str) -> list[str]:
        """Return the PLCs that another PLC sends the tag to."""
        return [name for name, plc in self.spec.plcs.items() if tag in plc.receives]

    def driver(self, actuator: str) -> str | None:
        """Return the PLC that drives a pump or valve."""
        return next((n for n, plc in self.spec.plcs.items() if actuator in plc.actuators), None)

    def counterpart(self, name: str) -> str | None:
        """Return the plant's PLC that does what the file's PLC of that name does.

        It is the one that drives most of its actuators and measures most of its sensors; where the
        file says of neither, the one of that name.
        """
        file_plc = self.file_plcs.get(name, FilePlc())
        shared: Counter[str] = Counter()
        for actuator in file_plc.actuators:
            shared[self.driver(actuator) or ""] += 10
        for tag in file_plc.sensors:
            shared[self.owners.get(tag, "")] += 1
        del shared[""]
        if shared:
            best = max(shared.values())
            return min((plc for plc in shared if shared[plc] == best), key=lambda plc: plc != name)
        folded = {plc.casefold(): plc for plc in self.spec.plcs}
        return folded.get(name.casefold())

    def known_plcs(self) -> list[str]:
        """Return the names of PLCs that the file may use: its own, or, without any, the plant's."""
        return [*(self.file_plcs or self.spec.plcs)]

    def unlisted(self) -> Iterator[str]:
        """Say which of the plant's PLCs and actuators no PLC of the imported file stands for."""
        there = {self.counterpart(name) for name in self.file_plcs}
        if plcs := [name for name in self.spec.plcs if name not in there]:
            yield f"not among the PLCs of the file, but at work here: {listed(plcs)}"
        driven = {actuator for plc in self.file_plcs.values() for actuator in plc.actuators}
        idle = {
            actuator: name
            for name, plc in self.spec.plcs.items()
            for actuator in plc.actuators
            if actuator not in driven
        }
        if idle:
            drivers = listed(set(idle.values()))
            yield f"driven by no PLC of the file, but here by {drivers}: {listed(idle)}"

    def differences(self, name: str, file_plc: FilePlc) -> Iterator[str]:
        """Say what the file's PLC of that name measures or drives, and here another does."""
        for tag in file_plc.sensors:
            if self.owners[tag] != name:
                yield f"{name} reads {tag} in the file; here {self.owners[tag]} does"
        for actuator in file_plc.actuators:
            driver = self.driver(actuator)
            if driver != name:
                here = f"here {driver} does" if driver else "here no PLC does"
                yield f"{name} drives {actuator} in the file; {here}"
