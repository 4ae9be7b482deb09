"""Frames: the Modbus requests and answers that carry a link's message between two devices."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu import bit_message as bits
from pymodbus.pdu import register_message as registers

from twin.servers.image import MODE
from twin.servers.registers import COIL, DISCRETE, HOLDING, INPUT, Point

_MOST_WORDS, _MOST_BITS = 120, 1960  # in one request
_Pair = tuple[list[Point], ModbusPDU, ModbusPDU]
_FRAMER = FramerSocket(DecodePDU(True))


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer, as they stand in a TCP segment.

    Attributes
    ----------
    tags : frozenset of str
        What of the link's it carries.
    function : int
    request, answer : bytes
    """

    tags: frozenset[str]
    function: int
    request: bytes
    answer: bytes


class Frames:
    """The exchanges that carry one link's messages.

    Who hears a PLC asks it: a reading travels in the answer. SCADA's orders travel in the request.

    Parameters
    ----------
    points : sequence of Point
        Of the PLC that answers.
    tags : sequence of str
        What the link carries.
    writes : bool
        Whether it carries orders.

    Attributes
    ----------
    runs : list of list of Point
        What one request each reads or writes: points that stand one behind the other.
    """

    def __init__(self, points: Sequence[Point], tags: Sequence[str], writes: bool):
        self._writes, self._tags = writes, frozenset(tags)
        self._unit = points[0].unit if points else 1
        chosen: dict[tuple[str, str], Point] = {}
        for point in points:
            name = point.tag.removeprefix(MODE)
            fits = point.table in ((COIL, HOLDING) if writes else (DISCRETE, INPUT))
            if name in self._tags and fits:
                key = (point.tag, point.table)
                if key not in chosen or point.words > chosen[key].words:  # a FLOAT32, if there is
                    chosen[key] = point
        ordered = sorted(chosen.values(), key=lambda p: (p.table in (INPUT, HOLDING), p.address))
        self.runs = list(_runs(ordered))

    def exchanges(self, values: Mapping[str, float], number: int) -> list[Exchange]:
        """Return the exchanges that carry values by tag; the first has this transaction number."""
        pairs = (self._write if self._writes else self._read)(values)
        return [
            Exchange(
                frozenset(point.tag.removeprefix(MODE) for point in run),
                ask.function_code,
                self._frame(ask, number + i),
                self._frame(say, number + i),
            )
            for i, (run, ask, say) in enumerate(pairs)
        ]

    def _frame(self, pdu: ModbusPDU, number: int) -> bytes:
        pdu.transaction_id, pdu.dev_id = number % 0x10000, self._unit
        return _FRAMER.buildFrame(pdu)

    def _read(self, values: Mapping[str, float]) -> Iterator[_Pair]:
        for run in self.runs:
            at, words = run[0].address, [word for p in run for word in p.encode(values[p.tag])]
            if run[0].table == DISCRETE:
                said = [bool(word) for word in words]
                yield (
                    run,
                    bits.ReadDiscreteInputsRequest(address=at, count=len(words)),
                    bits.ReadDiscreteInputsResponse(bits=said),
                )
            else:
                yield (
                    run,
                    registers.ReadInputRegistersRequest(address=at, count=len(words)),
                    registers.ReadInputRegistersResponse(registers=words),
                )

    def _write(self, values: Mapping[str, float]) -> Iterator[_Pair]:
        """Commands by hand go to coils; which they are, to the modes."""
        for run in self.runs:
            if run[0].table == COIL:
                by_hand = [point for point in run if not math.isnan(values[point.tag])]
                for part in _runs(by_hand):
                    at, on = part[0].address, [bool(values[point.tag]) for point in part]
                    yield (
                        part,
                        bits.WriteMultipleCoilsRequest(address=at, bits=on),
                        bits.WriteMultipleCoilsResponse(address=at, count=len(on)),
                    )
            else:
                at, words = run[0].address, []
                for point in run:
                    words += point.encode(_written(point, values))
                yield (
                    run,
                    registers.WriteMultipleRegistersRequest(address=at, registers=words),
                    registers.WriteMultipleRegistersResponse(address=at, count=len(words)),
                )


def _written(point: Point, values: Mapping[str, float]) -> float:
    """Return what SCADA writes to a holding register: a setpoint, or a mode."""
    if point.tag.startswith(MODE):
        return float(not math.isnan(values[point.tag.removeprefix(MODE)]))
    return values[point.tag]


def _runs(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Part points, in order, into those that stand one behind the other in one table."""
    run: list[Point] = []
    for point in points:
        most = _MOST_BITS if point.table in (COIL, DISCRETE) else _MOST_WORDS
        if run and not (
            run[-1].table == point.table
            and run[-1].address + run[-1].words == point.address
            and point.address + point.words - run[0].address <= most
        ):
            yield run
            run = []
        run.append(point)
    if run:
        yield run
