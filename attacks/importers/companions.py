"""Files an imported file names: found, missing, or replaced by the plant's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from attacks.importers import tables
from attacks.importers.document import REPLACED, Imported, Placed


@dataclass(frozen=True)
class Companions:
    """Looks for them.

    Attributes
    ----------
    made : Imported
        Takes the notes.
    wanted : bool
        Whether a missing one stops the import.
    """

    made: Imported
    wanted: bool

    def find(
        self, name: str, key: str, at: Placed, instead: str, folder: bool = False
    ) -> Path | None:
        """Return where a companion lies; None where it is missing and that is not to matter.

        Parameters
        ----------
        name : str
            As the file names it.
        key : str
            What the file calls it.
        at : Placed
            Where.
        instead : str
            What takes its place.
        folder : bool, default False
            Whether it may be one.

        Raises
        ------
        InputError
            If it is missing, and wanted.
        """
        found = tables.find(name, self.made.source.parent, folder)
        if found is None and self.wanted:
            message = (
                f"{key} {name} is missing: put it beside {self.made.source.name}, "
                f"or import --without-companions ({instead})"
            )
            raise at.place.error(message)
        if found is None:
            self.made.note(REPLACED, f"{key} {name} is missing: {instead}", at)
        return found
