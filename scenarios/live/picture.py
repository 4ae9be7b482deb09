"""The process picture: where each zone, tank, station and PLC is drawn, as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from scenarios.live.process import Process, Station, Zone, tag_of
from twin.errors import natural
from twin.plants.equipment import LEVELS, Limits
from twin.plants.spec import PlantSpec
from twin.tags import Tag

_ZONE, _STATION, _GAP = 286, 250, 30  # widths, and between columns
_TANK, _HIGH = 136, 92  # a tank's cell: how wide; and how high its vessel is
_LABEL, _VESSEL, _PLOT = 24, 34, 66  # widths in it: names of limits, vessel, trend
TREND = _VESSEL + 4
"""How far right of a vessel's left edge its trend begins."""
_ROW, _LINE = 27, 19  # of a device, and of a line of text
_TOP = 30  # of a box, for its title
_MARGIN = 10
_ACROSS = 9  # PLCs in a row


@dataclass(frozen=True)
class Vessel:
    """Where a tank's level and trend are drawn.

    Attributes
    ----------
    tank, tag : str
        The tag is empty for a tank without a level sensor.
    bottom, rim : float
        Levels [m] at the lower and upper edge.
    x, y, height : float
        Upper left corner of the vessel, and how high it is.
    plot : float
        How wide its trend is, which begins `TREND` right of the corner.
    """

    tank: str
    tag: str
    bottom: float
    rim: float
    x: float
    y: float
    height: float
    plot: float

    def level(self, value: float) -> float:
        """Return how far down a level is drawn [px]; beyond the edges, at them."""
        share = (value - self.bottom) / (self.rim - self.bottom)
        return self.y + self.height * (1.0 - min(max(share, 0.0), 1.0))


@dataclass(frozen=True)
class Drawing:
    """A process picture, and the parts of it that change; see `scenarios.live.values`.

    Attributes
    ----------
    svg : str
        As it is before anything is known.
    vessels : tuple of Vessel
    ids : dict of str to str
        Of the part that shows a tag's value, a device's or a PLC's state; of marks of alarms, under
        `alarm:` and what they are about.
    """

    svg: str
    vessels: tuple[Vessel, ...]
    ids: dict[str, str]


class _Sheet:
    """The SVG while it is drawn, and the names of its parts."""

    def __init__(self, spec: PlantSpec, process: Process):
        self.spec, self.process = spec, process
        self.parts: list[str] = []
        self.vessels: list[Vessel] = []
        self.ids: dict[str, str] = {}
        self.tag_of = {tag.element: tag for tag in spec.tags if tag.quantity == "level"}
        self.tags: dict[str, Tag] = {tag.name: tag for tag in spec.tags}

    def id(self, of: str) -> str:
        """Return the id of the part that shows `of`."""
        return self.ids.setdefault(of, f"p{len(self.ids)}")

    def add(self, markup: str) -> None:
        self.parts.append(markup)

    def text(self, x: float, y: float, words: str, kind: str = "", of: str = "") -> None:
        """Write words at a place; with `of`, they are a part that changes."""
        name = f' id="{self.id(of)}"' if of else ""
        self.add(f'<text x="{x:g}" y="{y:g}" class="{kind}"{name}>{escape(words)}</text>')

    def mark(self, x: float, y: float, of: str) -> None:
        """Draw the place of an alarm's mark, hidden until there is one."""
        name = self.id(f"alarm:{of}")
        self.add(
            f'<g id="{name}" class="mark none" transform="translate({x:g} {y:g})">'
            f'<path id="{name}s" d=""/><text id="{name}t" y="4.5"></text></g>'
        )

    def link(self, href: str, label: str) -> None:
        self.add(f'<a href="{escape(href)}" aria-label="{escape(label)}" tabindex="0">')

    def close(self) -> None:
        self.add("</a>")


def draw(spec: PlantSpec, process: Process) -> Drawing:
    """Draw the process picture of a plant.

    Parameters
    ----------
    spec : PlantSpec
    process : Process
    """
    sheet = _Sheet(spec, process)
    inside = {
        i: [s for s in process.stations if s.inlet == s.outlet == i] for i in _places(process)
    }
    columns = sorted({zone.depth for zone in process.zones})
    column_of = {depth: place for place, depth in enumerate(columns)}
    width = _ZONE + _GAP + _STATION + _GAP
    heights: dict[int, float] = {}
    boxes: dict[int, tuple[float, float, float]] = {}  # x, y, height
    for i, zone in enumerate(process.zones):
        heights[i] = _zone_height(zone, inside[i])
    tallest = 0.0
    for depth in columns:
        y = float(_MARGIN)
        for i in sorted(_places(process), key=lambda i: natural(process.zones[i].name)):
            if process.zones[i].depth == depth:
                boxes[i] = (_MARGIN + column_of[depth] * width, y, heights[i])
                y += heights[i] + 16
        tallest = max(tallest, y)
    for depth in columns:  # a short column stands in the middle of the tallest
        members = [i for i in boxes if process.zones[i].depth == depth]
        used = sum(heights[i] + 16 for i in members)
        for i in members:
            x, y, high = boxes[i]
            boxes[i] = (x, y + (tallest - _MARGIN - used) / 2, high)
    stations = _placed(process, boxes, column_of, width)
    tallest = max([tallest, *(y + _station_height(s) for s, (_, y) in stations)])
    for station, place in stations:
        _pipes(sheet, station, place, boxes)
    for i, (x, y, high) in boxes.items():
        _zone(sheet, process.zones[i], inside[i], x, y, high)
    for station, (x, y) in stations:
        _station(sheet, station, x, y)
    across = _MARGIN + max(len(columns) * width - _STATION - 2 * _GAP, width)
    right = max([across, *(x + _STATION for _, (x, _) in stations)]) + _MARGIN
    high = _plc_row(sheet, right, tallest + 8)
    svg = (
        f'<svg viewBox="0 0 {right:g} {high:g}" class="process" role="group" '
        f'aria-label="Process picture of {escape(spec.name)}">{"".join(sheet.parts)}</svg>'
    )
    return Drawing(svg, tuple(sheet.vessels), sheet.ids)


def _places(process: Process) -> range:
    return range(len(process.zones))


def _zone_height(zone: Zone, inside: list[Station]) -> float:
    rows = -(-len(zone.tanks) // 2)
    texts = len(zone.tags) + len(zone.sources)
    within = sum(_station_height(station) for station in inside)
    return _TOP + rows * (_HIGH + 58) + texts * _LINE + within + (8 if rows + texts else 14)


def _station_height(station: Station) -> float:
    return _TOP + len(station.devices) * _ROW + len(station.pressures) * _LINE + 4


def _placed(
    process: Process,
    boxes: dict[int, tuple[float, float, float]],
    column_of: dict[int, int],
    width: float,
) -> list[tuple[Station, tuple[float, float]]]:
    """Return where each station stands: between its zones' columns, near the farther zone."""
    places: list[tuple[Station, tuple[float, float]]] = []
    by_column: dict[int, list[tuple[float, Station]]] = {}
    for station in process.stations:
        if station.inlet == station.outlet:
            continue
        zones = [process.zones[i] for i in (station.inlet, station.outlet)]
        column = min(column_of[zone.depth] for zone in zones)
        far = station.outlet if zones[1].depth >= zones[0].depth else station.inlet
        _, y, high = boxes[far]
        middle = y + high / 2 - _station_height(station) / 2
        by_column.setdefault(column, []).append((middle, station))
    for column, members in by_column.items():
        free = float(_MARGIN)
        for wanted, station in sorted(members, key=lambda member: member[0]):
            y = max(free, wanted)
            places.append((station, (_MARGIN + column * width + _ZONE + _GAP, y)))
            free = y + _station_height(station) + 14
    return places


def _pipes(
    sheet: _Sheet,
    station: Station,
    place: tuple[float, float],
    boxes: dict[int, tuple[float, float, float]],
) -> None:
    """Draw the pipes from the inlet's zone to the station and on to the outlet's."""
    x, y = place
    middle = y + _station_height(station) / 2
    for zone, arrives in ((station.inlet, False), (station.outlet, True)):
        left, top, high = boxes[zone]
        beside = min(max(middle, top + 12), top + high - 12)
        if left < x:
            a, b = (left + _ZONE, beside), (x, middle)
        else:
            a, b = (x + _STATION, middle), (left, beside)
        bend = (a[0] + b[0]) / 2
        path = f"M{a[0]:g} {a[1]:g}H{bend:g}V{b[1]:g}H{b[0]:g}"
        sheet.add(f'<path d="{path}" class="pipe"/>')
        if arrives:
            tip, back = (b, -9) if left >= x else (a, 9)
            sheet.add(f'<path d="M{tip[0]:g} {tip[1]:g}l{back:g} -5v10z" class="tip"/>')


def _zone(
    sheet: _Sheet, zone: Zone, inside: list[Station], x: float, y: float, high: float
) -> None:
    sheet.add(f'<rect x="{x:g}" y="{y:g}" width="{_ZONE}" height="{high:g}" class="zone"/>')
    sheet.text(x + 12, y + 20, zone.name, "title")
    at = y + _TOP
    for i in range(0, len(zone.tanks), 2):
        row = zone.tanks[i : i + 2]
        for column, tank in enumerate(row):
            _tank(sheet, tank, x + 10 + column * _TANK, at, 2 * _TANK // len(row))
        at += _HIGH + 58
    for source in zone.sources:
        sheet.text(x + 12, at + 13, f"{source}, a source without end", "small")
        at += _LINE
    for tag in zone.tags:
        _reading(sheet, tag, x + 12, x + _ZONE - 12, at + 13, tag)
        at += _LINE
    for station in inside:
        _devices(sheet, station, x + 6, at, _ZONE - 12)
        at += _station_height(station)


def _reading(sheet: _Sheet, tag: str, left: float, right: float, y: float, words: str) -> None:
    sheet.text(left, y, words, "small")
    sheet.text(right, y, "?", "value end", f"tag:{tag}")
    sheet.mark(right - 90, y - 4, tag)


def _tank(sheet: _Sheet, tank: str, x: float, y: float, wide: int) -> None:
    node, tag = sheet.spec.model.get_node(tank), sheet.tag_of.get(tank)
    name = tag.name if tag else ""
    rim = float(node.max_level)
    plot = float(_PLOT + wide - _TANK)
    vessel = Vessel(tank, name, float(node.min_level), rim, x + _LABEL, y + 20, _HIGH, plot)
    sheet.vessels.append(vessel)
    sheet.link(f"/device/{tank}", f"Tank {tank}")
    sheet.add(f'<rect x="{x:g}" y="{y:g}" width="{wide - 6}" height="{_HIGH + 52}" class="hit"/>')
    sheet.text(x + _LABEL, y + 13, tank, "name")
    sheet.mark(x + wide - 20, y + 8, tank)
    vx, vy = vessel.x, vessel.y
    sheet.add(f'<rect x="{vx:g}" y="{vy:g}" width="{_VESSEL}" height="{_HIGH}" class="vessel"/>')
    sheet.add(
        f'<rect x="{vx:g}" y="{vy:g}" width="{_VESSEL}" height="0" class="water" '
        f'id="{sheet.id(f"level:{tank}")}"/>'
    )
    start = vx + TREND
    sheet.add(f'<rect x="{start:g}" y="{vy:g}" width="{plot:g}" height="{_HIGH}" class="plot"/>')
    _limits(sheet, vessel, sheet.spec.wiring.limits.get(name, Limits()))
    sheet.add(f'<polyline points="" class="trend" id="{sheet.id(f"trend:{tank}")}"/>')
    sheet.text(vx, vy + _HIGH + 22, "?", "big", f"tag:{name}" if name else "")
    sheet.close()


def _limits(sheet: _Sheet, vessel: Vessel, limits: Limits) -> None:
    """Mark the alarm limits at a vessel, each with its name left of it where there is room."""
    written = float("inf")
    for limit in LEVELS:  # from the bottom up
        bound = float(getattr(limits, limit))
        if bound != bound:
            continue
        down = vessel.level(bound)
        left, right = vessel.x - 3, vessel.x + _VESSEL
        kind = "limit worst" if len(limit) == 2 else "limit"
        sheet.add(
            f'<path d="M{left:g} {down:g}H{right:g}" class="{kind}">'
            f"<title>{limit}: {bound:g} m</title></path>"
        )
        at = min(down + 4, written - 10)
        sheet.text(vessel.x - 6, at, limit, "limit-name end")
        written = at


def _station(sheet: _Sheet, station: Station, x: float, y: float) -> None:
    high = _station_height(station)
    sheet.add(f'<rect x="{x:g}" y="{y:g}" width="{_STATION}" height="{high:g}" class="station"/>')
    _devices(sheet, station, x, y, _STATION)


def _devices(sheet: _Sheet, station: Station, x: float, y: float, wide: float) -> None:
    kinds = " and ".join(dict.fromkeys(f"{kind}s" for kind in station.kinds.values()))
    title = f"{kinds}, {station.plc}" if station.plc else f"{kinds}, driven by no PLC"
    sheet.text(x + 12, y + 20, title, "title")
    at = y + _TOP
    for device in station.devices:
        sheet.link(f"/device/{device}", f"{station.kinds[device]} {device}")
        sheet.add(
            f'<rect x="{x + 4:g}" y="{at:g}" width="{wide - 8:g}" height="{_ROW - 2}" class="hit"/>'
        )
        middle = at + _ROW / 2 - 1
        sheet.add(
            f'<g class="device" id="{sheet.id(f"device:{device}")}" '
            f'transform="translate({x + 20:g} {middle:g})">{_SYMBOLS[station.kinds[device]]}</g>'
        )
        sheet.text(x + 36, middle + 5, device, "name")
        sheet.text(x + 98, middle + 5, "?", "small", f"state:{device}")
        if flow := tag_of(sheet.spec, device, "flow"):
            sheet.text(x + wide - 12, middle + 5, "?", "value end", f"tag:{flow}")
        sheet.mark(x + 84, middle, device)
        sheet.close()
        at += _ROW
    for tag, side in station.pressures:
        words = f"pressure {side}, {sheet.tags[tag].element}"
        _reading(sheet, tag, x + 12, x + wide - 12, at + 13, words)
        at += _LINE


_SYMBOLS = {
    "pump": '<circle r="9"/><path d="M-4 -6L8 0L-4 6z"/>',
    "valve": '<path d="M-10 -7L10 7V-7L-10 7z"/>',
}


def _plc_row(sheet: _Sheet, right: float, y: float) -> float:
    """Draw the PLCs in rows from `y` on; return where they end."""
    names = list(sheet.spec.plcs)
    wide = (right - 2 * _MARGIN) / min(len(names), _ACROSS)
    for i, name in enumerate(names):
        row, column = divmod(i, _ACROSS)
        x, at = _MARGIN + column * wide, y + row * 52
        sheet.link(f"/plc/{name}", f"PLC {name}")
        sheet.add(
            f'<rect x="{x:g}" y="{at:g}" width="{wide - 6:g}" height="44" class="plc" '
            f'id="{sheet.id(f"plc:{name}")}"/>'
        )
        sheet.text(x + 8, at + 18, name, "name")
        sheet.text(x + 8, at + 36, "?", "small", f"polled:{name}")
        sheet.mark(x + wide - 22, at + 14, name)
        sheet.close()
    return y + 52 * -(-len(names) // _ACROSS)
