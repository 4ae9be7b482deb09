"""The links that DHALSIM's attacks on a PLC act on: those into it and out of it."""

from __future__ import annotations

from scenarios.importers.counterparts import SCADA
from scenarios.importers.dhalsim.context import Context
from scenarios.importers.dhalsim.file import Node
from scenarios.importers.imported import LEFT_OUT, MOVED, READ_AS


def inward(ctx: Context, tag: str, reader: str) -> str | None:
    """Return the link by which a PLC of ours gets a tag from another."""
    owner = ctx.plant.owners[tag]
    return f"link:{owner}->{reader}" if reader in ctx.plant.receivers(tag) else None


def all_inward(ctx: Context, reader: str) -> list[tuple[str, list[str]]]:
    """Return every link into a PLC from others, with what passes there."""
    receives = ctx.plant.spec.plcs[reader].receives
    links: dict[str, list[str]] = {}
    for tag, sender in receives.items():
        links.setdefault(f"link:{sender}->{reader}", []).append(tag)
    return list(links.items())


def all_outward(ctx: Context, node: Node) -> list[tuple[str, list[str]]]:
    """Return the links out of a file's PLC; with tags where it says what it measures."""
    plc = ctx.plc(node)
    file_plc = ctx.plant.file_plcs.get(node.text())
    own = [tag for tag, owner in ctx.plant.owners.items() if owner == plc]
    if file_plc is None:
        return [(f"link:{plc}->*", [])]
    statuses = [ctx.plant.tag(actuator, "status") for actuator in file_plc.actuators]
    wanted = {*file_plc.sensors, *(tag for tag in statuses if tag)}
    elsewhere = sorted(tag for tag in wanted if tag not in own)
    if elsewhere:
        text = f"{node.text()} sends {', '.join(elsewhere)} in the file; here another PLC does"
        ctx.note(MOVED, text, node)
    links: list[tuple[str, list[str]]] = []
    for owner in dict.fromkeys([plc, *(ctx.plant.owners[tag] for tag in elsewhere)]):
        here = [tag for tag, by in ctx.plant.owners.items() if by == owner and tag in wanted]
        all_of = [tag for tag, by in ctx.plant.owners.items() if by == owner]
        if here:
            links.append((f"link:{owner}->*", [] if here == all_of else here))
    return links


def passes(ctx: Context, tag: str, node: Node, direction: str | None) -> list[str]:
    """Return where a tag passes the attacked PLC: the links out of it, or the one into it."""
    if node.text().casefold() == "scada":
        return [f"link:{ctx.plant.owners[tag]}->{SCADA}"]
    plc, owner = ctx.plc(node), ctx.plant.owners[tag]
    file_plc = ctx.plant.file_plcs.get(node.text())
    sends = owner == plc or (file_plc is not None and tag in file_plc.sensors)
    if sends and owner != plc:
        text = f"{node.text()} reads {tag} in the file; here {owner} does"
        ctx.note(MOVED, text, node)
    if direction is not None and sends != (direction == "source"):
        way = "sent" if sends else "received"
        text = f"direction {direction}, but {tag} is {way} by {node.text()}: taken so"
        ctx.note(READ_AS, text, node)
    if sends:
        return [f"link:{owner}->*"]
    link = inward(ctx, tag, plc)
    if link is None:
        text = f"{tag} passes {node.text()} in neither direction here"
        ctx.note(LEFT_OUT, text, node)
        return []
    return [link]


def to_plcs(ctx: Context, tag: str, target: Node) -> list[str]:
    """Return the links to other PLCs that a tag passes at the target."""
    links: list[str] = []
    for on in passes(ctx, tag, target, None):
        if not on.endswith("*"):
            return [on]
        owner = ctx.plant.owners[tag]
        links = [f"link:{owner}->{reader}" for reader in ctx.plant.receivers(tag)]
        if not links:
            text = f"no PLC here asks {owner} for {tag}: only SCADA is deceived"
            ctx.note(LEFT_OUT, text, target)
    return links
