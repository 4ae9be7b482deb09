"""The folder of a sweep: a lock, and a record a line of each run that has ended.

A record is appended whole. What a killed process left half written is dropped when the sweep is
started again, and its run is done again. The last record of a run counts.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import IO, Any, Self

from filelock import FileLock, Timeout

from twin.closeable import Closing
from twin.errors import InputError, RunError

RECORDS = "records.jsonl"
_LOCK = ".lock"


class Journal(Closing):
    """The records of a sweep's runs, by their keys.

    Parameters
    ----------
    folder : Path
        Made where it does not exist.

    Raises
    ------
    InputError
        If it holds something else, cannot be written, or another sweep is at work in it.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder} is a file: name a folder for --out")
        if folder.is_dir():
            names = {path.name for path in folder.iterdir()} - {_LOCK}
            if names and RECORDS not in names:
                message = "is a folder that holds something else than a sweep: name another --out"
                raise InputError(f"{folder} {message}")
        self._path = folder / RECORDS
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / _LOCK)
            self._lock.acquire(timeout=0)
            self._file: IO[bytes] = self._path.open("a+b")
        except Timeout:
            message = "another sweep is writing here: wait until it is done, or name another --out"
            raise InputError(message, folder) from None
        except OSError as error:
            message = f"{folder} cannot be written: {error.strerror or error}"
            raise InputError(message) from None
        self._places: dict[str, int] = {}
        self.failed: set[str] = set()
        self._read()

    def _read(self) -> None:
        self._file.seek(0)
        place = 0
        for line in self._file:
            if not line.endswith(b"\n"):  # its writer was killed
                self._file.truncate(place)
                break
            with contextlib.suppress(ValueError, KeyError, TypeError):
                if record := _ended(line):
                    self._enter(record, place)
            place += len(line)

    def _enter(self, record: dict[str, Any], place: int) -> None:
        key = record["key"]
        self._places[key] = place
        failed = any(row["status"] != "done" for row in record["rows"])
        (self.failed.add if failed else self.failed.discard)(key)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def add(self, record: dict[str, Any]) -> None:
        """Append the record of a run that has ended.

        Raises
        ------
        RunError
            If it cannot be written; those before it are kept.
        """
        line = json.dumps(record, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        place = self._file.seek(0, 2)
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(place)
            kept = f"{len(self._places)} runs are kept; make room and start the sweep again"
            message = f"{self._path} cannot be written: {error.strerror or error}. {kept}"
            raise RunError(message) from None
        self._enter(record, place)

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the record of a run; None where it has not ended."""
        if key not in self._places:
            return None
        self._file.seek(self._places[key])
        record: dict[str, Any] = json.loads(self._file.readline())
        return record

    def close(self) -> None:
        """Let another sweep use the folder."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self


def rows_ended(folder: Path) -> list[list[dict[str, Any]]]:
    """Return the rows of each run that has ended, as far as they are written; nothing is locked."""
    ended: dict[str, list[dict[str, Any]]] = {}
    with contextlib.suppress(OSError), (folder / RECORDS).open("rb") as lines:
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                if record := _ended(line):
                    ended[record["key"]] = record["rows"]
    return list(ended.values())


def _ended(line: bytes) -> dict[str, Any] | None:
    """Return the record in a line; None of a worker that died: its run is to be done again."""
    record: dict[str, Any] = json.loads(line)
    return record if record["key"] and not record.get("lost") else None
