"""DHALSIM's attacks that deceive SCADA: concealment and replay."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from scenarios.importers import actions, tables
from scenarios.importers.counterparts import SCADA
from scenarios.importers.dhalsim.context import (
    Context,
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

Window = tuple[float, dict[str, Any], str]
"""A replay: how long ago what it shows passed [s], when it plays, and how that was said."""


_WINDOW = {"type", "capture_start", "capture_end", "replay_start"}
_OF_DATA = {
    "value": {"type", "concealment_value"},
    "offset": {"type", "concealment_value"},
    "path": {"type", "path"},
    "payload_replay": _WINDOW,
    "network_replay": _WINDOW,
}


def replay(ctx: Context, item: Node, trigger: Trigger) -> None:
    """Add what was sent to SCADA, sent again."""
    unused(ctx, item, {"capture_start", "capture_end", "replay_start"})
    target = item.get("target")
    at_scada = target.text().casefold() == "scada"
    plc = "*" if at_scada else ctx.plc(target)
    found = window_of(ctx, item, item, trigger)
    text = (
        "documented: what was sent to SCADA is sent again; in DHALSIM the changed packet is "
        "never put back, and the attack has no effect. Here the documented is done"
    )
    ctx.note(DIFFERS, text, item)
    if found is not None:
        shift, when, said = found
        links = [] if at_scada else all_outward(ctx, target)
        tags = [tags for on, tags in links if on == f"link:{plc}->*"]
        on, do = f"link:{plc}->{SCADA}", actions.shifted(shift)
        name, listed = name_of(item), tags[0] if tags else []
        ctx.entry(item, name, on, listed, do, said, trigger, when=when)


def window_of(ctx: Context, item: Node, node: Node, trigger: Trigger) -> Window | None:
    """Return a replay's shift, when it plays, and how that was said."""
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
        text = f"{name_of(item)}: its replay lies outside iterations {trigger.said}"
        ctx.note(LEFT_OUT, text, node)
        return None
    when = {"from": ctx.clock.at(first), "to": ctx.clock.at(last)}
    ctx.last = max(ctx.last, last * ctx.clock.step)
    said = f"iterations {start} to {end - 1} again from {begin}"
    return (begin - start) * ctx.clock.step, when, said


def concealment(ctx: Context, item: Node, trigger: Trigger) -> None:
    """Add what PLCs are told, and what SCADA is shown meanwhile."""
    unused(
        ctx,
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
    kind = _kind(data)
    if data is not None and isinstance(data.data, dict):
        unused(ctx, data, _OF_DATA[kind], f"the concealment_data of {name_of(item)}")
    at_scada = target.text().casefold() == "scada"
    lies = spoofed(ctx, item)
    window = None
    if kind in ("payload_replay", "network_replay") and data is not None:
        window = window_of(ctx, item, data, trigger)
        if window is None:
            return
        text = (
            f"with {kind} the attack itself acts only while the replay plays, "
            f"{window[1]['from']} to {window[1]['to']}"
        )
        ctx.note(READ_AS, text, data)
        if kind == "network_replay":
            text = (
                "documented: whole packets are sent again; DHALSIM keeps one packet an "
                "iteration, whatever its tag. Here each tag's own values are"
            )
            ctx.note(DIFFERS, text, data)
    when = window[1] if window else None
    for name, tag, do, said, _ in [] if at_scada else lies:
        for on in to_plcs(ctx, tag, target):
            said_of = f"{name}: {said}"
            ctx.entry(item, name_of(item), on, [tag], do, said_of, trigger, when=when)
    shown = f"{name_of(item)}-shown"
    for tag, do, said in _shown(ctx, item, data, kind, lies, window, trigger):
        on = f"link:{ctx.layout.owners[tag]}->{SCADA}"
        ctx.entry(item, shown, on, [tag], do, said, trigger, when=when, incident=name_of(item))


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
    lies: list[tuple[str, str, dict[str, Any], str, Node]],
    window: Window | None,
    trigger: Trigger,
) -> list[tuple[str, dict[str, Any], str]]:
    """Return what SCADA is shown: our tag, what is done, what was said."""
    if window is not None:
        shift, _, said = window
        return [(tag, actions.shifted(shift), said) for _, tag, *_ in lies]
    if kind == "path" and data is not None:
        return _shown_by_path(ctx, item, data, lies, trigger)
    older = item.either("concealment_value")
    if older is not None and not isinstance(older.data, list | dict):
        do = actions.constant(older.number())
        return [(tag, do, f"concealment_value {older.number():g}") for _, tag, *_ in lies]
    node = older or (data and data.either("concealment_value"))
    if node is None:
        text = f"{name_of(item)} says nothing of what SCADA is shown: the truth"
        ctx.note(READ_AS, text, item)
        return []
    if not isinstance(node.data, list | dict):
        do = actions.constant(node.number())
        return [(tag, do, f"concealment_value {node.number():g}") for _, tag, *_ in lies]
    found = []
    for entry in node.items():
        name = entry.get("tag")
        tag, do_said = ctx.tag(name.text(), name), alteration(ctx, entry)
        if tag is not None and do_said is not None:
            found.append((tag, do_said[0], f"{name.text()}: {do_said[1]}"))
    return found


def _shown_by_path(
    ctx: Context,
    item: Node,
    data: Node,
    lies: list[tuple[str, str, dict[str, Any], str, Node]],
    trigger: Trigger,
) -> list[tuple[str, dict[str, Any], str]]:
    node = data if isinstance(data.data, str) else data.get("path")
    instead = "SCADA is shown the truth"
    path = ctx.companions.find(node.text(), "path", node, instead)
    if path is None:
        return []
    rows = tables.read(path)
    header = rows[0][1]
    if header[0].casefold() != "iteration":
        message = f"the first column is Iteration, not {header[0]!r}"
        raise InputError(message, path, 1, column=1)
    if header[0] != "iteration":
        text = (
            f"{node.text()}: its first column is called {header[0]}, as documented; DHALSIM "
            "itself looks for 'iteration'"
        )
        ctx.note(DIFFERS, text, node)
    table = tables.numbers(path, rows[1:])
    if not table:
        raise InputError("no row under its header", path, 1, column=1)
    iterations: list[float] = []
    for (line, _), row in zip(rows[1:], table, strict=True):
        if len(row) != len(header):
            raise InputError(f"a row has {len(header)} numbers", path, line, column=1)
        if iterations and row[0] <= iterations[-1]:
            message = "the iterations do not rise from row to row"
            raise InputError(message, path, line, column=1)
        iterations.append(row[0])
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
    found = []
    hours = [iteration * ctx.clock.step / HOUR for iteration in iterations]
    for name, tag, *_ in lies:
        if name not in header:
            raise InputError(f"no column {name}: {nearest(name, header)}", path, 1, column=1)
        key = f"{name_of(item)}-{tag}"
        column = header.index(name)
        course = tables.course(
            tag, hours, [row[column] for row in table], trigger.first * ctx.clock.step / HOUR
        )
        ctx.made.tables[key] = course or ""
        found.append((tag, actions.table(key), f"{node.text()}, column {name}"))
    return found


def blackbox(ctx: Context, item: Node, trigger: Trigger) -> None:
    """Say that what a neural network shows cannot be carried over."""
    text = (
        f"{name_of(item)}: it shows SCADA what a trained neural network makes of all "
        "readings, which the file does not hold; replay on link:*->SCADA is the nearest here"
    )
    ctx.note(LEFT_OUT, text, item)
