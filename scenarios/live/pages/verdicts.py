"""What a visitor is told of the writes they made: read back, or not taken."""

from __future__ import annotations

from nicegui import ui

from scenarios.live.audit import VERIFIED, WAITING
from scenarios.live.source import Source
from scenarios.live.users import Visitor


class Verdicts:
    """Watches one visitor's writes on one page.

    Parameters
    ----------
    source : Source
    visitor : Visitor
    """

    def __init__(self, source: Source, visitor: Visitor):
        self._source, self._visitor = source, visitor
        self._waiting: set[tuple[float, str, str]] = set()

    def tell(self) -> None:
        """Say of each write that waited what became of it."""
        for write in self._source.audit.latest(50):
            if write.who != self._visitor.name or write.protocol != "room":
                continue
            key = (write.time, write.tag, write.new)
            if write.result == WAITING:
                self._waiting.add(key)
            elif key in self._waiting:
                self._waiting.discard(key)
                good = write.result == VERIFIED
                words = f"{write.plc} holds {write.tag} = {write.new}: read back"
                ui.notify(
                    words if good else f"{write.tag} {write.result}",
                    type="positive" if good else "negative",
                    close_button="Close",
                )
