"""DHALSIM's attacks and network events as entries of a scenario: a function for each type."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scenarios.importers import actions
from scenarios.importers.counterparts import SCADA
from scenarios.importers.dhalsim.concealment import blackbox, concealment, replay
from scenarios.importers.dhalsim.context import (
    NO_LIMIT,
    SENT_AGAIN,
    Context,
    Trigger,
    actuator_of,
    alteration,
    name_of,
    spoofed,
    unused,
)
from scenarios.importers.dhalsim.file import Node
from scenarios.importers.dhalsim.links import all_inward, all_outward, inward, passes
from scenarios.importers.imported import DIFFERS, LEFT_OUT
from twin.errors import InputError, nearest
from twin.units import counted

LISTS = ("device_attacks", "network_attacks", "network_events")
_OF_DEVICE = {"actuator", "actuators", "command", "sensor", "value", "lower_value", "upper_value"}
_EVENTS = ("packet_loss", "network_delay", "network_delay_loss")
_FORKS = (
    *("seq_mitm", "noise_injection", "rogue_scada", "tcp_rst", "icmp_redirect_mitm"),
    *("link_down", "rate_limit", "bursty_loss", "ip_conflict", "packet_reorder"),
)
"""Attacks of programs that grew out of DHALSIM."""
_COMMANDS = {"open": 1.0, "opened": 1.0, "close": 0.0, "closed": 0.0}


def add(ctx: Context, source: Node) -> None:
    """Append the attacks and events under `source`: a mapping of lists, or the oldest form."""
    if isinstance(source.data, list):
        for item in source.items():
            _older(ctx, item)
        return
    for key in source.keys():  # noqa: SIM118 - not a dict
        if key in LISTS and key in source:
            for item in source.get(key).items():
                _add(ctx, item, key)
        elif key not in LISTS and source.name in ("attacks", "events"):
            at = source.key(key)
            text = f"{key} is no list of attacks: {nearest(key, LISTS)}"
            ctx.note(LEFT_OUT, text, at)


def _add(ctx: Context, item: Node, key: str) -> None:
    try:
        if key == "device_attacks":
            _device(ctx, item)
        elif key == "network_events":
            _event(ctx, item)
        else:
            _network(ctx, item)
    except InputError as error:
        if error.file is not None:
            raise
        raise item.fail(error.message) from None


def _older(ctx: Context, item: Node) -> None:
    """Read an entry of the oldest form: one list, with `type: device_attack` and the like."""
    kind = item.get("type").word("device_attack", "network_attack", "concealment_attack")
    if kind == "device_attack":
        _add(ctx, item, "device_attacks")
        return
    trigger, name = ctx.trigger(item), item.get("name").text()
    unused(ctx, item, {"source_plc", "destination_plc", "values", "tags"})
    target = item.get("destination_plc")
    values = [value.number() for value in item.get("values").items()]
    tags = item.get("tags").texts()
    if len(values) != len(tags):
        raise item.fail(f"{counted(len(values), 'value')} for {counted(len(tags), 'tag')}")
    if trigger is None:
        return
    for tag, value in zip(tags, values, strict=True):
        own_tag = ctx.tag(tag, item)
        if own_tag is None:
            continue
        reader = ctx.plc(target)
        link = inward(ctx, own_tag, reader)
        if kind == "concealment_attack":
            link = f"link:{ctx.plant.owners[own_tag]}->{SCADA}"
        if link is None:
            ctx.note(LEFT_OUT, f"{name}: here no PLC sends {tag} to {reader}", item)
            continue
        do = actions.constant(value)
        ctx.entry(item, name, link, [own_tag], do, f"{tag}: {value:g}", trigger)


def _device(ctx: Context, item: Node) -> None:
    name = item.get("name").text()
    unused(ctx, item, _OF_DEVICE)
    node = item.either("actuator", "actuators") or item.get("actuator")
    to = _command(item.get("command"))
    trigger = ctx.trigger(item)
    if trigger is None:
        return
    if trigger.switched:
        text = (
            "documented: while the sensor's value is the given one or beyond; in DHALSIM the "
            "PLC compares strictly, and what it was told. Here the documented is done, with "
            "the true value"
        )
        ctx.note(DIFFERS, text, item)
    for wish in node.texts():
        actuator = actuator_of(ctx.imported, ctx.plant, wish, node)
        if actuator is None:
            continue
        if ctx.plant.driver(actuator) is None:
            ctx.note(LEFT_OUT, f"{name}: no PLC drives {wish} here", node)
            continue
        if to not in (0.0, 1.0) and ctx.plant.kind(actuator) != "pump":
            raise item.get("command").fail(f"{wish} is no pump: open or closed, not {to:g}")
        on, do = f"actuator:{actuator}", actions.force(to)
        ctx.entry(item, name, on, [], do, f"command {item.get('command').data}", trigger)


def _command(node: Node) -> float:
    if isinstance(node.data, int | float) and not isinstance(node.data, bool):
        if not 0 <= node.number() <= 1.5:
            raise node.fail(f"a pump's relative speed is 0 to 1.5 here, not {node.data}")
        return node.number()
    return _COMMANDS[node.word(*_COMMANDS)]


def _network(ctx: Context, item: Node) -> None:
    kind = item.get("type").text().casefold()
    if kind in _EVENTS:
        _event(ctx, item)
        return
    if kind not in _MAKERS:
        _unknown(ctx, item, kind, _MAKERS)
        return
    item.get("name")
    trigger: Trigger | None = Trigger({}, "always", 0, NO_LIMIT, item.line)
    if kind != "replay_mitm" or "trigger" in item or "start" in item:
        trigger = ctx.trigger(item)
    if trigger is None:
        return
    _MAKERS[kind](ctx, item, trigger)


def _unknown(ctx: Context, item: Node, kind: str, known: Iterable[str]) -> None:
    """Note an attack of an unknown type; a type that nearly is a known one is an error."""
    name, near = item.get("name").text(), nearest(kind, known)
    if kind in _FORKS:
        text = f"{name}: {kind} is of a program that grew out of DHALSIM: not carried over"
        ctx.note(LEFT_OUT, text, item.get("type"))
        return
    text = f"{name}: DHALSIM has none of type {kind!r} that is known here ({near})"
    if near.startswith("did"):
        raise item.get("type").fail(text)
    ctx.note(LEFT_OUT, text, item.get("type"))


def _links(ctx: Context, item: Node) -> list[tuple[str, list[str]]]:
    """Return the links in an attack's direction, each with the tags attacked; empty for all."""
    target = item.get("target")
    if target.text().casefold() == "scada":
        return [(f"link:*->{SCADA}", [])]
    if _direction(item) != "destination":
        return all_outward(ctx, target)
    links = all_inward(ctx, ctx.plc(target))
    if not links:
        text = f"{name_of(item)}: nothing is sent to {target.text()} by other PLCs"
        ctx.note(LEFT_OUT, text, item)
    return [(on, []) for on, _ in links]


def _naive(ctx: Context, item: Node, trigger: Trigger) -> None:
    unused(ctx, item, {"value", "offset", "direction"})
    altered = alteration(ctx, item)
    if altered is not None:
        for on, tags in _links(ctx, item):
            ctx.entry(item, name_of(item), on, tags, *altered, trigger)


def _mitm(ctx: Context, item: Node, trigger: Trigger) -> None:
    unused(ctx, item, {"tags", "tag", "value", "offset", "direction"})
    _spoof(ctx, item, trigger, _direction(item))


def _server(ctx: Context, item: Node, trigger: Trigger) -> None:
    unused(ctx, item, {"tags", "tag", "value", "offset"})
    _spoof(ctx, item, trigger, "source")


def _spoof(ctx: Context, item: Node, trigger: Trigger, direction: str | None) -> None:
    for spoof in spoofed(ctx, item):
        for on in passes(ctx, spoof.tag, item.get("target"), direction):
            ctx.entry(item, name_of(item), on, [spoof.tag], spoof.do, spoof.comment, trigger)


def _dos(ctx: Context, item: Node, trigger: Trigger) -> None:
    unused(ctx, item, {"direction"})
    if _direction(item) is None:
        text = "no direction: documented as source, which DHALSIM's attack itself refuses"
        ctx.note(DIFFERS, text, item)
    for on, tags in _links(ctx, item):
        ctx.entry(item, name_of(item), on, tags, actions.drop(), "simple_dos", trigger)


def _direction(item: Node) -> str | None:
    node = item.either("direction")
    return None if node is None else node.word("source", "destination")


def _event(ctx: Context, item: Node) -> None:
    name = item.get("name").text()
    kind = item.get("type").text().casefold()
    if kind not in _EVENTS:
        _unknown(ctx, item, kind, _EVENTS)
        return
    unused(ctx, item, {"value", "loss_value", "delay_value"})
    trigger = ctx.trigger(item)
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
        plc = ctx.plc(target)
        links = [f"link:{plc}->*", *(on for on, _ in all_inward(ctx, plc))]
    if loss:
        ctx.note(DIFFERS, SENT_AGAIN, item)
    for on in links:
        if loss:
            do = actions.drop(loss / 100.0)
            ctx.entry(item, name, on, [], do, f"loss {loss:g} %", trigger, "faults")
        if delay:
            do = actions.delay(delay)
            ctx.entry(item, name, on, [], do, f"delay {delay:g} ms", trigger, "faults")


_MAKERS: dict[str, Callable[[Context, Node, Trigger], None]] = {
    "naive_mitm": _naive,
    "mitm": _mitm,
    "server_mitm": _server,
    "concealment_mitm": concealment,
    "replay_mitm": replay,
    "simple_dos": _dos,
    "unconstrained_blackbox_concealment_mitm": blackbox,
}
