"""DHALSIM's attacks and network events as entries of a scenario."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from attacks.importers import tables
from attacks.importers.companions import Companions
from attacks.importers.dhalsim_file import Node
from attacks.importers.document import DIFFERS, LEFT_OUT, MOVED, READ_AS, Imported
from attacks.importers.layout import SCADA, Layout
from twin.errors import InputError, nearest
from twin.units import HOUR, readable

_LISTS = ("device_attacks", "network_attacks", "network_events")
_TRIGGERS = ("time", "below", "above", "between")
_NETWORK = (
    *("naive_mitm", "mitm", "server_mitm", "concealment_mitm", "replay_mitm", "simple_dos"),
    "unconstrained_blackbox_concealment_mitm",
)
_EVENTS = ("packet_loss", "network_delay", "network_delay_loss")
_COMMON = ("name", "type", "trigger", "target", "start", "end")
_COMMANDS = {"open": "open", "opened": "open", "close": "closed", "closed": "closed"}
_NO_LIMIT = 10**9  # an iteration that no run reaches
_SIGNS = {"below": "<=", "above": ">="}


@dataclass(frozen=True)
class Clock:
    """Iterations as hours and minutes; `step` is an iteration's [s]."""

    step: float

    def at(self, iteration: int) -> str:
        """Return when an iteration begins, as a scenario file writes it."""
        return readable(iteration * self.step)


@dataclass(frozen=True)
class Trigger:
    """When an attack acts, in the scenario's words.

    Attributes
    ----------
    when : dict
    said : str
        In DHALSIM's words.
    first, last : int
        The iterations it acts in, both included, where it is of type time.
    line : int
    """

    when: dict[str, Any]
    said: str
    first: int
    last: int
    line: int


class Attacks:
    """Turns attacks and events into entries.

    Parameters
    ----------
    made : Imported
    layout : Layout
    companions : Companions
    clock : Clock

    Attributes
    ----------
    last : float
        When the last timed one ends [s].
    """

    def __init__(self, made: Imported, layout: Layout, companions: Companions, clock: Clock):
        self.made, self.layout, self.companions, self.clock = made, layout, companions, clock
        self.last = 0.0

    def add(self, source: Node) -> None:
        """Append what stands under `source`."""
        if isinstance(source.data, list):
            for item in source.items():
                self._older(item)
            return
        for key in source.keys():  # noqa: SIM118 - not a dict
            if key in _LISTS and key in source:
                for item in source.get(key).items():
                    self._add(item, key)
            elif key not in _LISTS and source.name in ("attacks", "events"):
                at = Node(None, source.file, source.data.lc.key(key)[0] + 1)
                text = f"{key} is no list of attacks: {nearest(key, _LISTS)}"
                self._note(LEFT_OUT, text, at)

    def _add(self, item: Node, key: str) -> None:
        try:
            if key == "device_attacks":
                self._device(item)
            elif key == "network_events":
                self._event(item)
            else:
                self._network(item)
        except InputError as error:
            if error.file is not None:
                raise
            raise item.fail(error.message) from None

    def _older(self, item: Node) -> None:
        """Read an entry of the oldest form: one list, with `type: device_attack` and the like."""
        kind = item.get("type").word("device_attack", "network_attack", "concealment_attack")
        if kind == "device_attack":
            self._add(item, "device_attacks")
            return
        trigger, name = self._trigger(item), item.get("name").text()
        self._unused(item, {"source_plc", "destination_plc", "values", "tags"})
        target = item.get("destination_plc")
        values = [one.number() for one in item.get("values").items()]
        tags = item.get("tags").texts()
        if len(values) != len(tags):
            raise item.fail(f"{len(values)} values for {len(tags)} tags")
        if trigger is None:
            return
        for tag, value in zip(tags, values, strict=True):
            ours = self._tag(tag, item)
            if ours is None:
                continue
            reader = self._plc(target)
            link = self._inward(ours, reader)
            if kind == "concealment_attack":
                link = f"link:{self.layout.owners[ours]}->{SCADA}"
            if link is None:
                self._note(LEFT_OUT, f"{name}: here no PLC sends {tag} to {reader}", item)
                continue
            do = {"constant": {"value": value}}
            self._entry(item, name, link, [ours], do, f"{tag}: {value:g}", trigger)

    # When

    def _trigger(self, item: Node) -> Trigger | None:
        node = item.either("trigger") or item
        kind = "time"
        if "trigger" in item or item.get("type").text().casefold() in _TRIGGERS:
            kind = node.get("type").word(*_TRIGGERS)
        if kind == "time":
            first, last = node.get("start").whole(), node.get("end").whole()
            if last < first:
                text = f"{self._name(item)} ends (iteration {last}) before it starts ({first})"
                self._note(LEFT_OUT, text, node)
                return None
            self.last = max(self.last, (last + 1) * self.clock.step)
            span = {"from": self.clock.at(first), "to": self.clock.at(last + 1)}
            return Trigger(span, f"iterations {first} to {last}", first, last, node.line)
        sensor = node.get("sensor")
        tag = self._tag(sensor.text(), sensor)
        if tag is None:
            text = f"{self._name(item)} waits for {sensor.text()}, which is no tag here"
            self._note(LEFT_OUT, text, node)
            return None
        if kind == "between":
            low, high = node.get("lower_value").number(), node.get("upper_value").number()
            if low > high:
                raise node.fail(f"lower_value {low:g} lies above upper_value {high:g}")
            condition, said = f"{low:.10g} <= {tag} <= {high:.10g}", f"between {low:g} and {high:g}"
        else:
            value = node.get("value").number()
            condition, said = f"{tag} {_SIGNS[kind]} {value:.10g}", f"{kind} {value:g}"
        when: dict[str, Any] = {"start": condition, "follow": True}
        return Trigger(when, f"while {sensor.text()} is {said}", 0, _NO_LIMIT, node.line)

    # Where

    def _note(self, kind: str, text: str, at: Node) -> None:
        self.made.note(kind, text, at.line, at.file.name)

    def _name(self, item: Node) -> str:
        found = item.either("name")
        return found.text() if found is not None else "attack"

    def _tag(self, name: str, at: Node) -> str | None:
        from attacks.importers.dhalsim import tag_of

        try:
            return tag_of(self.layout, name)
        except InputError as error:
            raise at.fail(error.message) from None
        except KeyError:
            self._note(LEFT_OUT, f"the plant does not measure {name}", at)
            return None

    def _plc(self, node: Node) -> str:
        name = node.text()
        found = self.layout.counterpart(name)
        if found is None:
            known = [*(self.layout.cabinets or self.layout.network.plcs)]
            raise node.fail(f"no PLC {name!r}: {nearest(name, known)}")
        if found != name:
            self._note(MOVED, f"{name} is {found} here", node)
        return found

    def _inward(self, tag: str, reader: str) -> str | None:
        """Return the link by which a PLC of ours gets a tag from another."""
        owner = self.layout.owners[tag]
        return f"link:{owner}->{reader}" if reader in self.layout.receivers(tag) else None

    def _all_inward(self, reader: str) -> list[tuple[str, list[str]]]:
        """Return every link into a PLC from others, with what passes there."""
        receives = self.layout.network.plcs[reader].receives
        links: dict[str, list[str]] = {}
        for tag, sender in receives.items():
            links.setdefault(f"link:{sender}->{reader}", []).append(tag)
        return list(links.items())

    def _all_outward(self, node: Node) -> list[tuple[str, list[str]]]:
        """Return the links out of a file's PLC; with tags where it says what it measures."""
        plc = self._plc(node)
        cabinet = self.layout.cabinets.get(node.text())
        own = [tag for tag, owner in self.layout.owners.items() if owner == plc]
        if cabinet is None:
            return [(f"link:{plc}->*", [])]
        statuses = [self.layout.tag(actuator, "status") for actuator in cabinet.actuators]
        wanted = {*cabinet.sensors, *(tag for tag in statuses if tag)}
        elsewhere = sorted(tag for tag in wanted if tag not in own)
        if elsewhere:
            text = f"{node.text()} sends {', '.join(elsewhere)} in the file; here another PLC does"
            self._note(MOVED, text, node)
        links: list[tuple[str, list[str]]] = []
        for owner in dict.fromkeys([plc, *(self.layout.owners[tag] for tag in elsewhere)]):
            here = [tag for tag, by in self.layout.owners.items() if by == owner and tag in wanted]
            all_of = [tag for tag, by in self.layout.owners.items() if by == owner]
            if here:
                links.append((f"link:{owner}->*", [] if here == all_of else here))
        return links

    def _passes(self, tag: str, node: Node, direction: str | None) -> list[str]:
        """Return where a tag passes the attacked PLC: the links out of it, or the one into it."""
        if node.text().casefold() == "scada":
            return [f"link:{self.layout.owners[tag]}->{SCADA}"]
        plc, owner = self._plc(node), self.layout.owners[tag]
        cabinet = self.layout.cabinets.get(node.text())
        sends = owner == plc or (cabinet is not None and tag in cabinet.sensors)
        if sends and owner != plc:
            text = f"{node.text()} reads {tag} in the file; here {owner} does"
            self._note(MOVED, text, node)
        if direction is not None and sends != (direction == "source"):
            way = "sent" if sends else "received"
            text = f"direction {direction}, but {tag} is {way} by {node.text()}: taken so"
            self._note(READ_AS, text, node)
        if sends:
            return [f"link:{owner}->*"]
        link = self._inward(tag, plc)
        if link is None:
            text = f"{tag} passes {node.text()} in neither direction here"
            self._note(LEFT_OUT, text, node)
            return []
        return [link]

    @staticmethod
    def _direction(item: Node) -> str | None:
        node = item.either("direction")
        return None if node is None else node.word("source", "destination")

    # What

    def _entry(
        self,
        item: Node,
        name: str,
        on: str,
        tags: Sequence[str],
        do: dict[str, Any],
        said: str,
        trigger: Trigger,
        kind: str = "attacks",
        when: dict[str, Any] | None = None,
    ) -> None:
        place = f"{item.file.name} line" if item.file != self.made.source else "line"
        written = (item.either("type") or item).data
        what = written if isinstance(written, str) else "device attack"
        entry: dict[str, tuple[Any, str]] = {
            "name": (self.made.named(name), f"{place} {item.line}: {name}, {what}"),
            "incident": (name, "one attack of the file"),
            "on": (on, self._target(item)),
        }
        if tags:
            entry["tags"] = (list(tags), "its tags")
        entry["do"] = (do, said)
        if when or trigger.when:
            entry["when"] = (when or trigger.when, f"{place} {trigger.line}: {trigger.said}")
        self.made.add(kind, entry)

    @staticmethod
    def _target(item: Node) -> str:
        node = item.either("target", "actuator", "actuators", "destination_plc")
        if node is None:
            return "its target"
        way = item.either("direction")
        return f"{node.name} {node.data}" + (f", direction {way.text()}" if way else "")

    def _unused(self, item: Node, used: set[str]) -> None:
        for key in item.keys():  # noqa: SIM118 - not a dict
            if key not in used and key not in _COMMON:
                at = Node(None, item.file, item.data.lc.key(key)[0] + 1)
                near = nearest(key, used)
                hint = f" ({near})" if near.startswith("did") else ""
                self._note(LEFT_OUT, f"{key} means nothing in this attack{hint}", at)

    def _device(self, item: Node) -> None:
        name = item.get("name").text()
        self._unused(
            item,
            {"actuator", "actuators", "command", "sensor", "value", "lower_value", "upper_value"},
        )
        node = item.either("actuator", "actuators") or item.get("actuator")
        to = self._command(item.get("command"))
        trigger = self._trigger(item)
        if trigger is None:
            return
        if trigger.last == _NO_LIMIT:
            text = (
                "documented: while the sensor's value is the given one or beyond; in DHALSIM the "
                "PLC compares strictly, and what it was told. Here the documented is done, with "
                "the true value"
            )
            self._note(DIFFERS, text, item)
        for wish in node.texts():
            actuator = self.layout.element(wish)
            if actuator is None:
                raise node.fail(self.layout.unknown(wish).message)
            driver = self.layout.driver(actuator)
            if driver is None:
                self._note(LEFT_OUT, f"{name}: no PLC drives {wish} here", node)
                continue
            if isinstance(to, float) and self.layout.kind(actuator) != "pump":
                raise item.get("command").fail(f"{wish} is no pump: open or closed, not {to:g}")
            on, do = f"actuator:{actuator}", {"force": {"to": to}}
            self._entry(item, name, on, [], do, f"command {item.get('command').data}", trigger)

    @staticmethod
    def _command(node: Node) -> str | float:
        if isinstance(node.data, int | float) and not isinstance(node.data, bool):
            if not 0 <= node.number() <= 1.5:
                raise node.fail(f"a pump's relative speed is 0 to 1.5 here, not {node.data}")
            return {0.0: "closed", 1.0: "open"}.get(node.number(), node.number())
        return _COMMANDS[node.word(*_COMMANDS)]

    def _network(self, item: Node) -> None:
        kind = item.get("type").text().casefold()
        if kind in _EVENTS:
            self._event(item)
            return
        if kind not in _NETWORK:
            name, known = item.get("name").text(), nearest(kind, _NETWORK)
            text = f"{name}: DHALSIM has no attack of type {kind!r} that is known here ({known})"
            if known.startswith("did"):
                raise item.get("type").fail(text)
            self._note(LEFT_OUT, text, item)
            return
        item.get("name")
        trigger = self._trigger(item)
        if trigger is None:
            return
        makers: dict[str, Callable[[Node, Trigger], None]] = {
            "naive_mitm": self._naive,
            "mitm": self._mitm,
            "server_mitm": self._server,
            "concealment_mitm": self._concealment,
            "replay_mitm": self._replay,
            "simple_dos": self._dos,
            "unconstrained_blackbox_concealment_mitm": self._blackbox,
        }
        makers[kind](item, trigger)

    def _alteration(self, node: Node) -> tuple[dict[str, Any], str] | None:
        """Return what a `value` or an `offset` does."""
        value, offset = node.either("value"), node.either("offset")
        found = value or offset
        if found is None or (value is not None and offset is not None):
            raise node.fail("either a value or an offset")
        if isinstance(found.data, str):
            self._note(LEFT_OUT, f"{found.name} {found.data!r}: a number is expected", found)
            return None
        if value is not None:
            return {"constant": {"value": value.number()}}, f"value {value.number():g}"
        return {"offset": {"by": found.number()}}, f"offset {found.number():g}"

    def _naive(self, item: Node, trigger: Trigger) -> None:
        self._unused(item, {"value", "offset", "direction"})
        do = self._alteration(item)
        target = item.get("target")
        links = (
            self._all_inward(self._plc(target))
            if self._direction(item) == "destination"
            else self._all_outward(target)
        )
        if not links:
            text = f"{self._name(item)}: nothing is sent to {target.text()} by other PLCs"
            self._note(LEFT_OUT, text, item)
        for on, tags in links if do else []:
            all_of = tags if on.endswith("*") else []
            assert do is not None
            self._entry(item, self._name(item), on, all_of, *do, trigger)

    def _spoofed(self, item: Node) -> list[tuple[str, str, dict[str, Any], str, Node]]:
        """Return the tags of an attack: its name there and ours, what is done, what was said."""
        nodes = list(item.get("tags").items()) if "tags" in item else [item]
        found = []
        for node in nodes:
            name = node.get("tag")
            tag = self._tag(name.text(), name)
            do = self._alteration(node)
            if tag is not None and do is not None:
                found.append((name.text(), tag, *do, node))
        return found

    def _mitm(self, item: Node, trigger: Trigger) -> None:
        self._unused(item, {"tags", "tag", "value", "offset", "direction"})
        direction = self._direction(item)
        for name, tag, do, said, _ in self._spoofed(item):
            for on in self._passes(tag, item.get("target"), direction):
                self._entry(item, self._name(item), on, [tag], do, f"{name}: {said}", trigger)

    def _server(self, item: Node, trigger: Trigger) -> None:
        self._unused(item, {"tags", "tag", "value", "offset"})
        for name, tag, do, said, _ in self._spoofed(item):
            for on in self._passes(tag, item.get("target"), "source"):
                self._entry(item, self._name(item), on, [tag], do, f"{name}: {said}", trigger)

    def _dos(self, item: Node, trigger: Trigger) -> None:
        self._unused(item, {"direction"})
        target = item.get("target")
        links = (
            self._all_inward(self._plc(target))
            if self._direction(item) == "destination"
            else self._all_outward(target)
        )
        if self._direction(item) is None:
            text = "no direction: documented as source, which DHALSIM's attack itself refuses"
            self._note(DIFFERS, text, item)
        if not links:
            text = f"{self._name(item)}: nothing is sent to {target.text()} by other PLCs"
            self._note(LEFT_OUT, text, item)
        for on, tags in links:
            all_of = tags if on.endswith("*") else []
            self._entry(item, self._name(item), on, all_of, {"drop": {}}, "simple_dos", trigger)

    def _replay(self, item: Node, trigger: Trigger) -> None:
        self._unused(item, {"capture_start", "capture_end", "replay_start"})
        target = item.get("target")
        plc = self._plc(target)
        found = self._window(item, item, trigger)
        text = (
            "documented: what was sent to SCADA is sent again; in DHALSIM the changed packet is "
            "never put back, and the attack has no effect. Here the documented is done"
        )
        self._note(DIFFERS, text, item)
        if found is not None:
            shift, when, said = found
            tags = [tags for on, tags in self._all_outward(target) if on == f"link:{plc}->*"]
            on, do = f"link:{plc}->{SCADA}", {"replay": {"shift": shift}}
            name, listed = self._name(item), tags[0] if tags else []
            self._entry(item, name, on, listed, do, said, trigger, when=when)

    def _window(
        self, item: Node, node: Node, trigger: Trigger
    ) -> tuple[str, dict[str, Any], str] | None:
        """Return a replay's shift, when it plays, and how that was said."""
        start, end = node.get("capture_start").whole(), node.get("capture_end").whole()
        begin = node.get("replay_start").whole()
        if end <= start:
            raise node.get("capture_end").fail(f"nothing is captured from {start} to {end}")
        if begin <= start:
            raise node.get("replay_start").fail("the replay starts before what it replays")
        if trigger.last == _NO_LIMIT:
            text = f"{self._name(item)}: a replay by iterations, which a sensor switches: its times"
            self._note(READ_AS, text, item)
        elif start < trigger.first:
            text = (
                f"the capture starts (iteration {start}) before the attack ({trigger.first}): "
                "DHALSIM replays the nearest it has; here what passed then"
            )
            self._note(DIFFERS, text, node)
        first = max(begin, trigger.first)
        last = min(begin + end - start, trigger.last + 1)
        if first >= last:
            text = f"{self._name(item)}: its replay lies outside iterations {trigger.said}"
            self._note(LEFT_OUT, text, node)
            return None
        when = {"from": self.clock.at(first), "to": self.clock.at(last)}
        self.last = max(self.last, last * self.clock.step)
        said = f"iterations {start} to {end - 1} again from {begin}"
        return self.clock.at(begin - start), when, said

    def _concealment(self, item: Node, trigger: Trigger) -> None:
        self._unused(
            item,
            {
                "tags",
                "tag",
                "value",
                "offset",
                "concealment_data",
                "concealment_value",
                "direction",
            },
        )
        target = item.get("target")
        data = item.either("concealment_data")
        kind = self._concealment_type(data)
        at_scada = target.text().casefold() == "scada"
        spoofed = self._spoofed(item)
        window = None
        if kind in ("payload_replay", "network_replay") and data is not None:
            window = self._window(item, data, trigger)
            if window is None:
                return
            text = (
                f"with {kind} the attack itself acts only while the replay plays, "
                f"{window[1]['from']} to {window[1]['to']}"
            )
            self._note(READ_AS, text, data)
            if kind == "network_replay":
                text = (
                    "documented: whole packets are sent again; DHALSIM keeps one packet an "
                    "iteration, whatever its tag. Here each tag's own values are"
                )
                self._note(DIFFERS, text, data)
        when = window[1] if window else None
        for name, tag, do, said, _ in [] if at_scada else spoofed:
            for on in self._to_plcs(tag, target):
                said_of = f"{name}: {said}"
                self._entry(item, self._name(item), on, [tag], do, said_of, trigger, when=when)
        shown = f"{self._name(item)}-shown"
        for tag, do, said in self._shown(item, data, kind, spoofed, window, trigger):
            on = f"link:{self.layout.owners[tag]}->{SCADA}"
            self._entry(item, shown, on, [tag], do, said, trigger, when=when)

    @staticmethod
    def _concealment_type(data: Node | None) -> str:
        if data is None or not isinstance(data.data, dict):
            return "value"
        return data.get("type").word("value", "offset", "path", "payload_replay", "network_replay")

    def _to_plcs(self, tag: str, target: Node) -> list[str]:
        """Return the links to other PLCs that a tag passes at the target."""
        found = []
        for on in self._passes(tag, target, None):
            if not on.endswith("*"):
                return [on]
            owner = self.layout.owners[tag]
            found = [f"link:{owner}->{reader}" for reader in self.layout.receivers(tag)]
            if not found:
                text = f"no PLC here asks {owner} for {tag}: only SCADA is deceived"
                self._note(LEFT_OUT, text, target)
        return found

    def _shown(
        self,
        item: Node,
        data: Node | None,
        kind: str,
        spoofed: list[tuple[str, str, dict[str, Any], str, Node]],
        window: tuple[str, dict[str, Any], str] | None,
        trigger: Trigger,
    ) -> list[tuple[str, dict[str, Any], str]]:
        """Return what SCADA is shown: our tag, what is done, what was said."""
        if window is not None:
            shift, _, said = window
            return [(tag, {"replay": {"shift": shift}}, said) for _, tag, *_ in spoofed]
        if kind == "path" and data is not None:
            return self._shown_path(item, data, spoofed, trigger)
        older = item.either("concealment_value")
        if older is not None and not isinstance(older.data, list | dict):
            do = {"constant": {"value": older.number()}}
            return [(tag, do, f"concealment_value {older.number():g}") for _, tag, *_ in spoofed]
        node = older or (data and data.either("concealment_value"))
        if node is None:
            text = f"{self._name(item)} says nothing of what SCADA is shown: the truth"
            self._note(READ_AS, text, item)
            return []
        if not isinstance(node.data, list | dict):
            do = {"constant": {"value": node.number()}}
            return [(tag, do, f"concealment_value {node.number():g}") for _, tag, *_ in spoofed]
        found = []
        for entry in node.items():
            name = entry.get("tag")
            tag, do_said = self._tag(name.text(), name), self._alteration(entry)
            if tag is not None and do_said is not None:
                found.append((tag, do_said[0], f"{name.text()}: {do_said[1]}"))
        return found

    def _shown_path(
        self,
        item: Node,
        data: Node,
        spoofed: list[tuple[str, str, dict[str, Any], str, Node]],
        trigger: Trigger,
    ) -> list[tuple[str, dict[str, Any], str]]:
        node = data.get("path")
        path = self.companions.find(node.text(), "path", node.line, "SCADA is shown the truth")
        if path is None:
            return []
        rows = tables.read(path)
        header = rows[0][1]
        if header[0].casefold() != "iteration":
            message = f"the first column is Iteration, not {header[0]!r}"
            raise InputError(message, path, 1)
        if header[0] != "iteration":
            text = (
                f"{node.text()}: its first column is called {header[0]}, as documented; DHALSIM "
                "itself looks for 'iteration'"
            )
            self._note(DIFFERS, text, node)
        table = tables.numbers(path, rows[1:])
        if any(len(row) != len(header) for row in table) or not table:
            raise InputError(f"a row has {len(header)} numbers", path, 2)
        iterations = [row[0] for row in table]
        if iterations != sorted(set(iterations)):
            raise InputError("the iterations do not rise from row to row", path, 2)
        lacking = trigger.first < iterations[0] or trigger.last > iterations[-1]
        if lacking or any(b - a != 1 for a, b in pairwise(iterations)):
            text = (
                f"{node.text()} has no row for some iterations of the attack, where DHALSIM's "
                "stops; here the row before holds on"
            )
            self._note(DIFFERS, text, node)
        found = []
        hours = [iteration * self.clock.step / HOUR for iteration in iterations]
        for name, tag, *_ in spoofed:
            if name not in header:
                raise InputError(f"no column {name}: {nearest(name, header)}", path, 1)
            key = f"{self._name(item)}-{tag}"
            column = header.index(name)
            self.made.tables[key] = tables.write(
                ["hour", "value"],
                zip(hours, [row[column] for row in table], strict=True),
            )
            found.append((tag, {"table": {"file": key}}, f"{node.text()}, column {name}"))
        return found

    def _blackbox(self, item: Node, trigger: Trigger) -> None:
        text = (
            f"{self._name(item)}: it shows SCADA what a trained neural network makes of all "
            "readings, which the file does not hold; replay on link:*->SCADA is the nearest here"
        )
        self._note(LEFT_OUT, text, item)

    def _event(self, item: Node) -> None:
        name = item.get("name").text()
        kind = item.get("type").word(*_EVENTS)
        self._unused(item, {"value", "loss_value", "delay_value"})
        trigger = self._trigger(item)
        target = item.get("target")
        loss = delay = 0.0
        if kind == "network_delay_loss":
            loss, delay = item.get("loss_value").number(), item.get("delay_value").number()
        elif kind == "packet_loss":
            loss = item.get("value").number()
        else:
            delay = item.get("value").number()
        if not 0 <= loss <= 100 or delay < 0:
            raise item.fail(f"a loss is 0 to 100 %, a delay 0 ms or more: {loss:g} %, {delay:g} ms")
        if trigger is None:
            return
        links = [f"link:*->{SCADA}"]
        if target.text().casefold() != "scada":
            plc = self._plc(target)
            links = [f"link:{plc}->*", *(on for on, _ in self._all_inward(plc))]
        if loss:
            text = (
                "DHALSIM's messages are sent again when they are lost, so that a loss there mostly "
                "delays; here a lost reading does not arrive"
            )
            self._note(DIFFERS, text, item)
        for on in links:
            if loss:
                do: dict[str, Any] = {"drop": {"probability": loss / 100.0}}
                self._entry(item, name, on, [], do, f"loss {loss:g} %", trigger, "faults")
            if delay:
                do = {"delay": {"by": f"{delay:.10g} ms"}}
                self._entry(item, name, on, [], do, f"delay {delay:g} ms", trigger, "faults")
