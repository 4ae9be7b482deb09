"""DHALSIM's attacks that deceive SCADA: concealment and replay."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

from scenarios.importers import actions, tables
from scenarios.importers.actions import Do
from scenarios.importers.counterparts import SCADA
from scenarios.importers.dhalsim.context import (
    Context,
    Spoof,
    Trigger,
    alteration,
    name_of,
    spoofed,
    unused,
)
from scenarios.importers.dhalsim.file import Node
from scenarios.importers.dhalsim.links import all_outward, to_plcs
from scenarios.importers.imported import DIFFERS, LEFT_OUT, READ_AS
from twin.errors import InputError, nearest
from twin.units import HOUR

Shown = tuple[str, Do, str]
"""A tag, what is done to it on its way to SCADA, and the comment."""
_WINDOW = {"type", "capture_start", "capture_end", "replay_start"}
_OF_DATA = {
    "value": {"type", "concealment_value"},
    "offset": {"type", "concealment_value"},
    "path": {"type", "path"},
    "payload_replay": _WINDOW,
    "network_replay": _WINDOW,
}
_KEYS = {
    *("tags", "tag", "value", "offset"),
    *("concealment_data", "concealment_value", "direction"),
}


class Window(NamedTuple):
    """A replay's times.

    Attributes
    ----------
    shift : float
        How long ago what it shows passed [s].
    when : dict
        The `when` of its entry.
    comment : str
    """

    shift: float
    when: dict[str, Any]
    comment: str


def replay(ctx: Context, item: Node, trigger: Trigger) -> None:
    """Add a replay of what was sent to SCADA."""
    unused(ctx, item, {"capture_start", "capture_end", "replay_start"})
    target = item.get("target")
    at_scada = target.text().casefold() == "scada"
    plc = "*" if at_scada else ctx.plc(target)
    window = window_of(ctx, item, item, trigger)
    text = (
        "documented: what was sent to SCADA is sent again; in DHALSIM the changed packet is "
        "never put back, and the attack has no effect. Here the documented is done"
    )
    ctx.note(DIFFERS, text, item)
    if window is not None:
        links = {} if at_scada else dict(all_outward(ctx, target))
        tags = links.get(f"link:{plc}->*", [])
        on, do = f"link:{plc}->{SCADA}", actions.shifted(window.shift)
        comment, when = window.comment, window.when
        ctx.entry(item, name_of(item), on, tags, do, comment, trigger, when=when)


def window_of(ctx: Context, item: Node, node: Node, trigger: Trigger) -> Window | None:
    """Return a replay's times; None, with a note, where they lie outside the attack's."""
    start, end = node.get("capture_start").whole(), node.get("capture_end").whole()
    begin = node.get("replay_start").whole()
    if end <= start:
        raise node.get("capture_end").fail(f"nothing is captured from {start} to {end}")
    if begin <= start:
        raise node.get("replay_start").fail("the replay starts before what it replays")
    if trigger.switched:
        text = f"{name_of(item)}: a replay by iterations, which a sensor switches: its times"
        ctx.note(READ_AS, text, item)
    elif start < trigger.first:
        text = (
            f"the capture starts (iteration {start}) before the attack ({trigger.first}): "
            "DHALSIM replays the nearest it has; here what passed then"
        )
        ctx.note(DIFFERS, text, node)
    first = max(begin, trigger.first)
    last = min(begin + end - start, trigger.last + 1)
    if first >= last:
        text = f"{name_of(item)}: its replay lies outside iterations {trigger.comment}"
        ctx.note(LEFT_OUT, text, node)
        return None
    ctx.last = max(ctx.last, last * ctx.step)
    return Window(
        (begin - start) * ctx.step,
        {"from": ctx.time(first), "to": ctx.time(last)},
        f"iterations {start} to {end - 1} again from {begin}",
    )


def concealment(ctx: Context, item: Node, trigger: Trigger) -> None:
    """Add the false readings that PLCs get, and those that hide them from SCADA."""
    unused(ctx, item, _KEYS)
    target = item.get("target")
    data = item.either("concealment_data")
    kind = _kind(data)
    if data is not None and isinstance(data.data, dict):
        unused(ctx, data, _OF_DATA[kind], f"the concealment_data of {name_of(item)}")
    at_scada = target.text().casefold() == "scada"
    spoofs = spoofed(ctx, item)
    window = None
    if kind in ("payload_replay", "network_replay") and data is not None:
        window = window_of(ctx, item, data, trigger)
        if window is None:
            return
        text = (
            f"with {kind} the attack itself acts only while the replay plays, "
            f"{window.when['from']} to {window.when['to']}"
        )
        ctx.note(READ_AS, text, data)
        if kind == "network_replay":
            text = (
                "documented: whole packets are sent again; DHALSIM keeps one packet an "
                "iteration, whatever its tag. Here each tag's own values are"
            )
            ctx.note(DIFFERS, text, data)
    name, when = name_of(item), window.when if window else None
    for _, tag, do, comment in [] if at_scada else spoofs:
        for on in to_plcs(ctx, tag, target):
            ctx.entry(item, name, on, [tag], do, comment, trigger, when=when)
    for tag, do, comment in _shown(ctx, item, data, kind, spoofs, window, trigger):
        on = f"link:{ctx.plant.owners[tag]}->{SCADA}"
        shown = f"{name}-shown"
        ctx.entry(item, shown, on, [tag], do, comment, trigger, when=when, incident=name)


def _kind(data: Node | None) -> str:
    if data is not None and isinstance(data.data, str):
        return "path"  # as DHALSIM's first concealment had it
    if data is None or not isinstance(data.data, dict):
        return "value"
    return data.get("type").word("value", "offset", "path", "payload_replay", "network_replay")


def _shown(
    ctx: Context,
    item: Node,
    data: Node | None,
    kind: str,
    spoofs: list[Spoof],
    window: Window | None,
    trigger: Trigger,
) -> list[Shown]:
    """Return what SCADA is shown."""
    if window is not None:
        do = actions.shifted(window.shift)
        return [(spoof.tag, do, window.comment) for spoof in spoofs]
    if kind == "path" and data is not None:
        return _shown_by_path(ctx, item, data, spoofs, trigger)
    node = item.either("concealment_value") or (data and data.either("concealment_value"))
    if node is None:
        text = f"{name_of(item)} says nothing of what SCADA is shown: the truth"
        ctx.note(READ_AS, text, item)
        return []
    if not isinstance(node.data, list | dict):
        do = actions.constant(node.number())
        return [(spoof.tag, do, f"concealment_value {node.number():g}") for spoof in spoofs]
    shown = []
    for entry in node.items():
        name = entry.get("tag")
        tag, altered = ctx.tag(name.text(), name), alteration(ctx, entry)
        if tag is not None and altered is not None:
            shown.append((tag, altered[0], f"{name.text()}: {altered[1]}"))
    return shown


def _shown_by_path(
    ctx: Context,
    item: Node,
    data: Node,
    spoofs: list[Spoof],
    trigger: Trigger,
) -> list[Shown]:
    """Return what a table of readings, a row an iteration, shows."""
    node = data if isinstance(data.data, str) else data.get("path")
    path = ctx.companions.find(node.text(), "path", node, "SCADA is shown the truth")
    if path is None:
        return []
    (_, header), *rows = tables.read(path)
    if header[0].casefold() != "iteration":
        message = f"the first column is Iteration, not {header[0]!r}"
        raise InputError(message, path, 1, column=1)
    if header[0] != "iteration":
        text = (
            f"{node.text()}: its first column is called {header[0]}, as documented; DHALSIM "
            "itself looks for 'iteration'"
        )
        ctx.note(DIFFERS, text, node)
    table = tables.numbers(path, rows)
    if not table:
        raise InputError("no row under its header", path, 1, column=1)
    for line, row in rows:
        if len(row) != len(header):
            raise InputError(f"a row has {len(header)} numbers", path, line, column=1)
    iterations = [row[0] for row in table]
    tables.check_rising(path, rows, iterations, "iterations")
    lacking = trigger.first < iterations[0] or trigger.last > iterations[-1]
    if lacking or any(b - a != 1 for a, b in pairwise(iterations)):
        text = (
            f"{node.text()} has no row for some iterations of the attack, where DHALSIM's "
            "stops; here the row before holds on"
        )
        ctx.note(DIFFERS, text, node)
    if trigger.switched:
        text = (
            f"{node.text()} counts iterations of the run, and here a table counts from the start "
            "of an attack, which a sensor switches: SCADA is shown the truth"
        )
        ctx.note(LEFT_OUT, text, node)
        return []
    shown = []
    hours = [iteration * ctx.step / HOUR for iteration in iterations]
    begin = trigger.first * ctx.step / HOUR
    for name, tag, *_ in spoofs:
        if name not in header:
            raise InputError(f"no column {name}: {nearest(name, header)}", path, 1, column=1)
        key, column = f"{name_of(item)}-{tag}", header.index(name)
        values = [row[column] for row in table]
        ctx.imported.tables[key] = tables.staircase(tag, hours, values, begin)
        shown.append((tag, actions.table(key), f"{node.text()}, column {name}"))
    return shown


def blackbox(ctx: Context, item: Node, trigger: Trigger) -> None:
    """Note that what a neural network shows cannot be carried over."""
    text = (
        f"{name_of(item)}: it shows SCADA what a trained neural network makes of all "
        "readings, which the file does not hold; replay on link:*->SCADA is the nearest here"
    )
    ctx.note(LEFT_OUT, text, item)
