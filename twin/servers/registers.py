"""The register map: which Modbus register of which PLC holds what, as a table one can change."""

from __future__ import annotations

import csv
import io
import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from twin.errors import InputError, nearest
from twin.files import read_table
from twin.plants.logic import PlcSpec
from twin.plants.spec import PlantSpec
from twin.servers.image import HEARTBEAT, MODE, RUNNING
from twin.tags import Tag

COLUMNS = (
    "plc", "port", "unit", "tag", "table", "address", "reference", "functions", "type", "words",
    "word_order", "scale", "engineering_unit", "min", "max", "access", "not_available",
    "description",
)  # fmt: skip
FIRST_PORT = 15021
DISCRETE, COIL, INPUT, HOLDING = "discrete input", "coil", "input register", "holding register"
READ_FUNCTIONS = {DISCRETE: 2, COIL: 1, INPUT: 4, HOLDING: 3}
"""The function that reads each table."""
WRITE_FUNCTIONS = {(COIL, 1): (5, 15), (HOLDING, 1): (6, 16, 22, 23), (HOLDING, 2): (16, 23)}
"""The functions that write a point of a table of so many words."""
FORMATS = {"BOOL": "?", "UINT16": ">H", "INT16": ">h", "UINT32": ">I", "INT32": ">i",
           "FLOAT32": ">f"}  # fmt: skip
"""How the types of points are packed, as `struct` has it."""
HIGH_FIRST, LOW_FIRST = "high first", "low first"
_BITS = (DISCRETE, COIL)
_ACCESS = ("read", "read write")
_NONE = 0xFFFF  # a UINT16 without a value
_SCALES = {"level": 100.0, "flow": 10.0, "pressure": 10.0}
_MIRROR = 100  # FLOAT32 mirrors begin at the next multiple of it behind the UINT16 registers


@dataclass(frozen=True, slots=True)
class Point:
    """One row of a register map: a value in one table of one PLC.

    Attributes
    ----------
    plc : str
    port, unit : int
        The PLC's TCP port, and the unit id it answers to.
    tag : str
        What it holds, by its name in a `PlcImage`.
    table : str
        `discrete input`, `coil`, `input register` or `holding register`.
    address : int
        In requests, from 0; the reference in manuals is one more.
    type : str
        One of `FORMATS`.
    word_order : str
        `high first` or `low first` where it has two words, else empty.
    scale : float
        A register holds the value times this.
    engineering_unit : str
    min, max : float
        The instrument's range, as far as the type can show it; nothing beyond can be written.
        Infinite where there is none.
    writable : bool
    not_available : float or None
        What a register holds where there is no value; None for a bit.
    description : str
    """

    plc: str
    port: int
    unit: int
    tag: str
    table: str
    address: int
    type: str
    word_order: str
    scale: float
    engineering_unit: str
    min: float
    max: float
    writable: bool
    not_available: float | None
    description: str

    @property
    def words(self) -> int:
        """How many addresses it takes."""
        return max(struct.calcsize(FORMATS[self.type]) // 2, 1)

    @property
    def functions(self) -> tuple[int, ...]:
        """The function codes that read and write it."""
        writes = WRITE_FUNCTIONS.get((self.table, self.words), ()) if self.writable else ()
        return (READ_FUNCTIONS[self.table], *writes)

    def encode(self, value: float) -> list[int]:
        """Return the words that hold a value [engineering unit], the nearest its type can show."""
        if self.type == "BOOL":
            return [int(value == value and value != 0.0)]
        low, high = _limits(self.type)
        raw = self.not_available if math.isnan(value) else min(max(value * self.scale, low), high)
        assert raw is not None
        packed = struct.pack(FORMATS[self.type], raw if self.type == "FLOAT32" else round(raw))
        words = list(struct.unpack(f">{self.words}H", packed))
        return words[::-1] if self.word_order == LOW_FIRST else words

    def decode(self, words: Sequence[int]) -> float:
        """Return the value [engineering unit] that words hold; NaN for none."""
        if self.type == "BOOL":
            return float(words[0])
        ordered = words[::-1] if self.word_order == LOW_FIRST else words
        (raw,) = struct.unpack(FORMATS[self.type], struct.pack(f">{self.words}H", *ordered))
        return math.nan if raw == self.not_available else float(raw) / self.scale

    def row(self) -> list[str]:
        """Return its cells, in the order of `COLUMNS`."""
        empty = "" if self.not_available is None else f"{self.not_available:g}"
        access = _ACCESS[self.writable]
        functions = " ".join(map(str, self.functions))
        low, high = (
            f"{bound:.10g}" if math.isfinite(bound) else "" for bound in (self.min, self.max)
        )
        return [self.plc, str(self.port), str(self.unit), self.tag, self.table, str(self.address),
                str(self.address + 1), functions, self.type, str(self.words), self.word_order,
                f"{self.scale:g}", self.engineering_unit, low, high, access, empty,
                self.description]  # fmt: skip


def _limits(kind: str) -> tuple[float, float]:
    """Return the least and the greatest number of a type; UINT16's greatest means no value."""
    if kind == "FLOAT32":
        return -3.4e38, 3.4e38
    bits = 8 * struct.calcsize(FORMATS[kind])
    if kind.startswith("U"):
        return 0.0, 2.0**bits - 2.0
    return -(2.0 ** (bits - 1)) + 1.0, 2.0 ** (bits - 1) - 1.0


def register_map(spec: PlantSpec) -> tuple[Point, ...]:
    """Return a plant's register map.

    Of each PLC: discrete inputs are what runs, coils its commands, input registers its
    measurements, holding registers its setpoints, modes and heartbeat. What is not a bit stands
    there as UINT16 (level ×100, flow and pressure ×10) and again as FLOAT32, high word first.
    """
    tags = {tag.name: tag for tag in spec.tags}
    return tuple(
        point
        for place, plc in enumerate(spec.plcs.values())
        for point in _of_plc(spec, plc, tags, FIRST_PORT + place)
    )


def _of_plc(spec: PlantSpec, plc: PlcSpec, tags: dict[str, Tag], port: int) -> Iterator[Point]:
    def bit(tag: str, table: str, address: int, what: str) -> Point:
        return Point(plc.name, port, 1, tag, table, address, "BOOL", "", 1.0, "", 0.0, 1.0,
                     table == COIL, None, what)  # fmt: skip

    inputs = [tags[name] for name in (*plc.sensors, *plc.receives)]
    running = [tag for tag in inputs if tag.quantity == "status"]
    for address, tag in enumerate(running):
        yield bit(tag.name, DISCRETE, address, _words(tag, plc, "is running or open"))
    yield bit(RUNNING, DISCRETE, len(running), f"{plc.name} runs its logic")
    for address, actuator in enumerate(plc.actuators):
        yield bit(actuator, COIL, address, f"{actuator} is commanded to run or open")
    measured = [tag for tag in inputs if tag.quantity != "status"]
    yield from _numbers(
        spec,
        plc,
        port,
        INPUT,
        [(tag.name, tag, _words(tag, plc, tag.quantity)) for tag in measured],
    )
    setpoints = [
        (name, tags[plc.rules[place].when.names[0]], f"setpoint: {plc.rules[place].actuator}")
        for name, place in plc.setpoints.items()
    ]
    counts = [
        Point(plc.name, port, 1, f"{MODE}{actuator}", HOLDING, len(setpoints) + i, "UINT16", "",
              1.0, "", 0.0, 1.0, True, _NONE,
              f"{actuator}: 0 commanded by {plc.name}, 1 by hand")
        for i, actuator in enumerate(plc.actuators)
    ]  # fmt: skip
    counts.append(
        Point(plc.name, port, 1, HEARTBEAT, HOLDING, len(setpoints) + len(counts), "UINT16", "",
              1.0, "", 0.0, _NONE - 1.0, False, _NONE, f"scans of {plc.name}, counted")
    )  # fmt: skip
    yield from _numbers(spec, plc, port, HOLDING, setpoints, counts)


def _words(tag: Tag, plc: PlcSpec, what: str) -> str:
    sender = plc.receives.get(tag.name)
    return f"{tag.element}: {what}{f', received from {sender}' if sender else ''}"


def _numbers(
    spec: PlantSpec,
    plc: PlcSpec,
    port: int,
    table: str,
    named: list[tuple[str, Tag, str]],
    behind: Iterable[Point] = (),
) -> Iterator[Point]:
    """Return measurements or setpoints as UINT16, what stands behind them, and FLOAT32 mirrors."""
    others = list(behind)
    mirror = -(-max(len(named) + len(others), 1) // _MIRROR) * _MIRROR
    for kind in ("UINT16", "FLOAT32"):
        for place, (name, tag, what) in enumerate(named):
            low, high = spec.wiring.ranges.get(tag.name, (-math.inf, math.inf))
            scale, address, order = 1.0, mirror + 2 * place, HIGH_FIRST
            if kind == "UINT16":
                scale, address, order = _scale(tag.quantity, high), place, ""
                low, high = max(low, 0.0), min(high, _limits(kind)[1] / scale)
            yield Point(plc.name, port, 1, name, table, address, kind, order, scale, tag.unit,
                        round(low, 3), round(high, 3), table == HOLDING,
                        _NONE if kind == "UINT16" else math.nan, what)  # fmt: skip
        if kind == "UINT16":
            yield from others


def _scale(quantity: str, high: float) -> float:
    """Return a quantity's scale, lowered by tens until a UINT16 can show its range's end."""
    scale = _SCALES.get(quantity, 1.0)
    while math.isfinite(high) and high * scale > _limits("UINT16")[1]:
        scale /= 10.0
    return scale


def write_map(points: Iterable[Point]) -> str:
    """Return a register map as a CSV table."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(point.row() for point in points)
    return out.getvalue()


def read_map(path: Path, spec: PlantSpec) -> tuple[Point, ...]:
    """Read a register map of a plant from a CSV file.

    Addresses, units, ports, types, word orders, scales and ranges may be others than
    `register_map` gives. Raises InputError, with file and line, where a cell is wrong, two points
    overlap, or the plant has no such PLC or tag.
    """
    names = {}
    for name, plc in spec.plcs.items():
        names[name] = [*plc.sensors, *plc.receives, *plc.orders, HEARTBEAT, RUNNING]
        names[name] += [f"{MODE}{actuator}" for actuator in plc.actuators]
    points: list[Point] = []
    taken: dict[tuple[str, str, int], str] = {}
    ports: dict[int, str] = {}
    for line, cells in read_table(path, COLUMNS):
        try:
            point = _point(dict(zip(COLUMNS, cells, strict=True)), names)
            if ports.setdefault(point.port, point.plc) != point.plc:
                raise ValueError(f"port {point.port} is already {ports[point.port]}'s")
            if any(known.port != point.port for known in points if known.plc == point.plc):
                raise ValueError(f"{point.plc} has another port already, not {point.port}")
            for address in range(point.address, point.address + point.words):
                key = (point.plc, point.table, address)
                if key in taken:
                    raise ValueError(
                        f"address {address} of {point.plc}'s {point.table}s is already "
                        f"{taken[key]}'s"
                    )
                taken[key] = point.tag
        except ValueError as error:
            raise InputError(str(error), path, line) from None
        points.append(point)
    return tuple(points)


def _point(cell: dict[str, str], names: dict[str, list[str]]) -> Point:
    """Return the point of one row, by column; ValueError says what is wrong."""
    for column, known in (
        ("plc", names),
        ("table", READ_FUNCTIONS),
        ("type", FORMATS),
        ("access", _ACCESS),
    ):
        if cell[column] not in known:
            raise ValueError(f"unknown {column} {cell[column]!r}: {nearest(cell[column], known)}")
    if cell["tag"] not in names[cell["plc"]]:
        hint = nearest(cell["tag"], names[cell["plc"]])
        raise ValueError(f"{cell['plc']} holds no {cell['tag']!r}: {hint}")
    whole = {column: _whole(cell, column, most) for column, most in
             (("port", 65535), ("unit", 255), ("address", 65535))}  # fmt: skip
    point = Point(
        plc=cell["plc"],
        tag=cell["tag"],
        table=cell["table"],
        type=cell["type"],
        word_order=cell["word_order"],
        scale=_number(cell, "scale"),
        engineering_unit=cell["engineering_unit"],
        min=_number(cell, "min", -math.inf),
        max=_number(cell, "max", math.inf),
        writable=cell["access"] == _ACCESS[True],
        not_available=_number(cell, "not_available") if cell["not_available"] else None,
        description=cell["description"],
        **whole,
    )
    bits = point.table in _BITS
    if bits != (point.type == "BOOL"):
        raise ValueError(f"type {point.type} cannot stand among {point.table}s")
    orders = (HIGH_FIRST, LOW_FIRST) if point.words > 1 else ("",)
    if point.word_order not in orders:
        raise ValueError(f"unknown word_order {point.word_order!r}: {nearest('', orders)}")
    if not bits and point.not_available is None:
        raise ValueError("a register needs a not_available value")
    if point.scale == 0.0 or not math.isfinite(point.scale):
        raise ValueError(f"the scale cannot be {cell['scale']}")
    if point.address + point.words > 0x10000:
        raise ValueError(f"address {point.address} is too high for {point.words} words")
    derived = dict(zip(COLUMNS, point.row(), strict=True))
    for column in ("reference", "functions", "words"):
        if cell[column] != derived[column]:
            raise ValueError(f"{column} is {cell[column]!r}; here it is {derived[column]!r}")
    return point


def _whole(cell: dict[str, str], column: str, most: int) -> int:
    if not cell[column].isascii() or not cell[column].isdecimal() or int(cell[column]) > most:
        raise ValueError(f"{column} is a whole number to {most}, not {cell[column]!r}")
    return int(cell[column])


def _number(cell: dict[str, str], column: str, empty: float | None = None) -> float:
    if not cell[column] and empty is not None:
        return empty
    try:
        return float(cell[column])
    except ValueError:
        raise ValueError(f"{column} is a number, not {cell[column]!r}") from None
