"""An entry of a scenario's list of attacks or faults, and the same armed for one run."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from attacks.attack import Attack
from attacks.entries.alterations import Alterations
from attacks.entries.facts import Facts, Listener, passing_there
from attacks.entries.trigger import When
from attacks.mistakes import PluginError, plugin_place
from twin.control.plc import Plc
from twin.control.ports import FAMILIES, Port, port_like
from twin.control.taps import Late, Place, TapPoint
from twin.errors import InputError, nearest, under
from twin.seeds import generator
from twin.tags import Reading
from twin.units import HOUR

if TYPE_CHECKING:
    from twin.testbed import Testbed


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One attack or fault of a scenario: where it acts, when, and what it does.

    Attributes
    ----------
    name : str
    on : str
        The port: `sensor:L_T1`, `link:PLC2->PLC1`, `plc:PLC5`, `scada`, `actuator:PU1`,
        `plant:P310`. Entries on the same port act in file order, each on what the one before it
        let through.
    do : Attack
    when : When
    tags : tuple of str
        What it acts on there; empty for all that passes.
    incident : str
        Attacks that belong together, like one and its concealment, share it.
    label : str
        `attack`, or `fault` for a benign disturbance.
    since : float
        When it gets to its port [s]: what passed before, it has not heard.
    """

    name: str
    on: str
    do: Attack
    when: When = field(default_factory=When)
    tags: tuple[str, ...] = ()
    incident: str
    label: str = "attack"
    since: float = 0.0

    @property
    def port(self) -> Port:
        """The port, taken apart."""
        return Port.parse(self.on)


_OURS = "attacks.kinds."
_P = ParamSpec("_P")
_T = TypeVar("_T")


def _guarded(
    hook: Callable[Concatenate[ArmedEntry, _P], _T],
) -> Callable[Concatenate[ArmedEntry, _P], _T]:
    """Turn an error that a plug-in's attack raises in a hook into one that names its line."""

    @functools.wraps(hook)
    def guarded(self: ArmedEntry, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return hook(self, *args, **kwargs)
        except Exception as error:
            where = plugin_place(error, type(self.entry.do))
            if where is None:
                raise
            raise PluginError(f"{self.words} broke at {where}") from error

    return guarded


class ArmedEntry:
    """An entry armed for one run: its taps sit on the tap points, and its trigger waits.

    Attributes
    ----------
    entry : Entry
    active : bool
        Whether it acts now.
    spans : list of (float, float)
        The intervals [s] it was active in, each from its first instant to the end of its last.
    trigger : Trigger
        What decides when it acts.
    points : list of TapPoint
        The tap points of its port; none at the plant itself.
    passing : tuple of str
        The tags that pass at its port.
    touched : tuple of str
        The tags that it may change, of those that pass at its port; none at the plant itself. See
        `attacks.entries.targets.touched` for the same without a testbed.
    """

    def __init__(self, entry: Entry, testbed: Testbed, facts: Facts):
        self.entry = entry
        self.active = False
        self.spans: list[tuple[float, float]] = []
        self._alterations: list[Alterations] = []  # one for each tap point
        self._came = self._changed = self._unheard = False
        self._testbed, self._facts = testbed, facts
        with under("do", entry.do.kind):
            self._attack = entry.do.fresh(generator(testbed.seed, f"{entry.label}:{entry.name}"))
        family, self._target = entry.port.family, entry.port.target
        if family not in FAMILIES or (family == "scada") != (entry.on == "scada"):
            raise InputError(f"no port {entry.on!r}: {_port_like(entry.on, testbed)}", keys=["on"])
        if family not in entry.do.ports:
            works = ", ".join(f"{port}:…" if port != "scada" else port for port in entry.do.ports)
            message = f"{entry.do.kind} works on {works}, not on {entry.on!r}"
            raise InputError(message, keys=["on"])
        points: list[TapPoint] = []
        inputs: list[TapPoint] = []
        if family == "plant":
            self._check_element()
        else:
            with under("on"):
                points = testbed.points(entry.on, entry.do.outputs)
                inputs = testbed.points(entry.on) if entry.do.inputs_too else []
        self.points = [*inputs, *points]
        passing = tuple(dict.fromkeys(tag for point in self.points for tag in point.tags))
        self.passing = passing
        with under("when"):
            self.trigger = facts.trigger(entry.name, entry.when, passing)
        self._listener = Listener(self.trigger)
        self._heard_at = inputs or points
        self._wanted: dict[TapPoint, list[str]] = {}
        if points:
            self._select(passing)
        with under("do", entry.do.kind):
            entry.do.check(testbed, self._target)
            self.touched = tuple(entry.do.touched(entry.tags or passing))

    def _check_element(self) -> None:
        spec = self._testbed.spec
        model = spec.model
        known = [*model.node_name_list, *model.link_name_list, *spec.dmas]
        if self._target not in known:
            message = f"nothing in the plant is called {self._target!r}"
            raise InputError(f"{message}: {nearest(self._target, known)}", keys=["on"])
        if self.entry.tags:
            raise InputError("nothing is read at the plant itself: no tags here", keys=["tags"])

    def _select(self, passing: Sequence[str]) -> None:
        """Find at which points it taps which tags, of those that pass."""
        for i, tag in enumerate(self.entry.tags):
            if tag not in passing:
                message = f"{tag!r} never passes at {self.entry.on}: "
                message += _who_passes(tag, passing, self._testbed)
                raise InputError(message, keys=["tags", i])
        wanted = self.entry.tags or passing
        if not self.tampers:
            self._attack.select(wanted)
            if self.entry.tags and not _overrides(self._attack, "select"):
                message = f"{self.entry.do.kind} changes no reading: it takes no tags"
                raise InputError(message, keys=["tags"])
            return
        with under("do", self.entry.do.kind):
            self.entry.do.check_tags(wanted)
        here = {point: [tag for tag in wanted if tag in point.tags] for point in self.points}
        self._wanted = {point: tags for point, tags in here.items() if tags}

    def attach(self) -> None:
        """Put its taps on the tap points of its port."""
        for point in self._heard_at:
            self._listener.attach(point)
        for point, tags in self._wanted.items():
            if self.entry.do.watches_raw:
                point.attach(self._listen, tags, Place.RAW)
            alterations = Alterations()
            self._alterations.append(alterations)
            reader = self._reader(point)
            tap, answer = (
                functools.partial(f, alterations, reader) for f in (self._tap, self._answer)
            )
            answers = self.entry.do.answers
            point.attach(tap, tags, self._place(point), answer if answers else None)

    def _reader(self, point: TapPoint) -> Plc | None:
        """Return the PLC that alone reads what passes a point; None for SCADA or a drive.

        None too of what the entry itself keeps from a PLC: others go on hearing what it last read.
        """
        if self.entry.do.inputs_too:
            return None
        port = Port.parse(point.name)
        if port.family == "sensor":
            (name,) = (tag.plc for tag in self._testbed.spec.tags if tag.name == port.target)
        else:
            name = port.receiver
        return self._testbed.plcs.get(name)

    def _place(self, point: TapPoint) -> Place:
        """Return where on the way past a point it acts: a PLC that is down is one end of a link."""
        do, port = self.entry.do, Port.parse(point.name)
        if do.outputs and port.sender == self._target:
            return Place.SENDER
        return Place.RECEIVER if do.inputs_too else Place.WAY

    @property
    def attack(self) -> Attack:
        """What acts in this run, with its state."""
        return self._attack

    def stop(self, now: float) -> Entry:
        """End it at `now` [s]; return the entry that ends then by itself.

        Raises
        ------
        InputError
            If it does not act.
        """
        if not self.active:
            raise InputError(f"{self.entry.name} does not act: nothing to stop")
        when = self.entry.when
        lasts = when.lasts if when.start is not None or when.every is not None else math.inf
        self.trigger.when = replace(when, ends=now, lasts=lasts)
        self.entry = replace(self.entry, when=self.trigger.when)
        return self.entry

    @property
    def altered(self) -> set[str]:
        """The tags of which a receiver shows another value than came in at the port."""
        return {tag for one in self._alterations for tag in one.altered}

    @property
    def words(self) -> str:
        """Its label, name and kind: what a message about it begins with."""
        return f"{self.entry.label} {self.entry.name}: {self.entry.do.kind}"

    @property
    def tampers(self) -> bool:
        """Whether it changes readings or commands that pass, or listens to them."""
        return _overrides(self._attack, "watch", "tamper", "tamper_packet")

    @property
    def hears(self) -> float:
        """How long before it begins it must have been armed, to act as if it always had been [s].

        At least long enough for all that passes at its port to have come by; for ever, where what
        it remembers is not known: a plug-in, or a condition on what comes to its port.
        """
        ours = type(self.entry.do).__module__.startswith(_OURS)
        if not ours or self._listener.heard:
            return math.inf
        wiring = self._testbed.spec.plcs.values()
        return self._attack.hears + 2.0 * max(HOUR, *(plc.polling for plc in wiring))

    @property
    def idle(self) -> str | None:
        """Why nothing was changed at its port while it was active; None if something was.

        Also None of what may act otherwise: a kind that is no change of what passes, or that acts
        on a PLC as a device.
        """
        if not (self.spans and self._alterations) or self._changed or self.entry.do.outputs:
            return None
        if self._unheard and not self._came:
            return f"the PLC that reads what passes {self.entry.on} was down"
        if self._came:
            return "all that passed there was already as it would have made it"
        return f"nothing came to {self.entry.on} that it could have changed"

    @_guarded
    def update(self, now: float) -> None:
        """Begin, go on or end at an instant [s], as its trigger says.

        Raises
        ------
        PluginError
            If a plug-in's attack breaks; its taps raise it too.
        """
        self._facts.values.update(self._listener.heard)
        active = self.trigger.update(now, self._facts.values)
        if active or self.active:
            # An instant stands for the time until the next one, at which this is corrected.
            end = now + self._testbed.spec.step if active else now
            begin = self.spans.pop()[0] if self.active else now
            self.spans.append((begin, end))
        if active != self.active:
            self.active = active
            self._facts.set_active(self.entry.name, active)
            verb = "starts" if active else "ends"
            what = f"{self.entry.label} {verb}"
            self._testbed.log(now, "entry", self.entry.name, self.entry.on, what)
            (self._attack.begin if active else self._attack.end)(self._testbed, self._target)
        if active:
            self._attack.step(self._testbed, self._target, now)

    def why_not(self, end: float) -> str | None:
        """Say why it never acted in a run that ended at `end` [s]; None if it did."""
        return None if self.spans else self.trigger.why_not(end)

    @_guarded
    def _listen(self, packet: Sequence[Reading]) -> Iterable[Reading]:
        for reading in packet:
            self._attack.watch(reading)
        return packet

    @_guarded
    def _tap(
        self, alterations: Alterations, reader: Plc | None, packet: Sequence[Reading]
    ) -> Iterable[Reading | Late]:
        for reading in packet:
            if not self.entry.do.watches_raw:
                self._attack.watch(reading)
        passed: Sequence[Reading | Late] = packet
        if self.active:
            passed = self._tampered(packet)
        if reader is not None and not reader.running:
            self._unheard = self._unheard or self.active
            alterations.update(self._testbed.env.now, packet, packet)
            return passed
        if self.active:
            self._came = self._came or bool(packet)
            self._changed = self._changed or not _alike(packet, passed)
        alterations.update(self._testbed.env.now, packet, passed)
        return passed

    @_guarded
    def _answer(
        self, alterations: Alterations, reader: Plc | None, missing: Sequence[Reading]
    ) -> Iterable[Reading | Late]:
        """Return what it shows in the place of readings that were due and did not come."""
        if not self.active or (reader is not None and not reader.running):
            return []
        passed = [item for item in self._tampered(missing) if not _is_nothing(item)]
        self._changed = self._changed or bool(passed)
        alterations.update(self._testbed.env.now, [], passed)
        return passed

    def _tampered(self, packet: Sequence[Reading]) -> list[Reading | Late]:
        result = self._attack.tamper_packet(packet)
        passed = list(result) if isinstance(result, Iterable) else [result]
        for item in passed:
            if not isinstance(item, Reading | Late):
                wrong = f"{item!r} through, which is neither a Reading nor Late"
                raise PluginError(f"{self.words} lets {wrong}")
        return passed


def _overrides(attack: Attack, *hooks: str) -> bool:
    return any(getattr(type(attack), hook) is not getattr(Attack, hook) for hook in hooks)


def _alike(packet: Sequence[Reading], passed: Sequence[Reading | Late]) -> bool:
    """Return whether what passes is what came, in whatever order."""
    if any(isinstance(item, Late) and item.by for item in passed):
        return False
    readings = [item.reading if isinstance(item, Late) else item for item in passed]
    came, went = (
        Counter((r.time, r.tag, "" if math.isnan(r.value) else r.value) for r in some)
        for some in (packet, readings)
    )
    return came == went


def _is_nothing(item: Reading | Late) -> bool:
    return math.isnan((item.reading if isinstance(item, Late) else item).value)


def _who_passes(tag: str, passing: Sequence[str], testbed: Testbed) -> str:
    """Say which tags pass at a port where one does not, and where that one does."""
    known = testbed.spec.tag_names
    if tag not in known:
        hint = nearest(tag, passing)
        return hint if hint.startswith("did you mean") else nearest(tag, known)
    ports = [point.name for point in testbed.points("*") if tag in point.tags]
    ports = [port for port in ports if port != "scada"]
    return f"{passing_there(passing)}; it passes at {', '.join(ports)}"


def _port_like(name: str, testbed: Testbed) -> str:
    """Guess the port that was meant where even its family is unknown."""
    names = [point.name for point in testbed.points("*")] + [f"plc:{plc}" for plc in testbed.plcs]
    family, _, rest = name.rpartition(":")
    if "scada" in (family.casefold(), rest.casefold()):
        return "it is written `scada` alone; `tags:` narrows it"
    if alike := port_like(rest, names):
        return alike
    families = ", ".join(f"{family}:…" for family in FAMILIES if family != "scada")
    return f"a port is {families} or scada"
