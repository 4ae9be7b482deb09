"""EPANET files as text, and what is wrong with one that cannot be read.

WNTR reads them. What it says of one it cannot read is often a bare name or index, and it takes some
for good that EPANET refuses (two pipes of one name): EPANET is asked first, whose report names the
section and quotes the line.
"""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import epanet
import wntr
from wntr.epanet.exceptions import ENSyntaxError

from twin.errors import InputError
from twin.plants import pressure

_COMPLAINT = re.compile(
    r"Error (?!200)(\d+): (.*?)\s+in (?:following line of )?(Rule .*|\[\w+\])(?: section)?:\s*\n"
    "(.*)"
)
LONGEST_ID = 31
"""Bytes of the longest ID that EPANET takes."""
_NAMES = "a name has at most 31 characters, no blanks and no quotes"
_MENDS = {
    201: "compare it with another line of that section, and with EPANET's manual",
    202: "write a plain number, with a point, and not below the least one possible",
    203: "mend the name, or define it in [JUNCTIONS], [RESERVOIRS] or [TANKS]",
    204: "mend the name, or define it in [PIPES], [PUMPS] or [VALVES]",
    205: "mend the name, or define it in [PATTERNS]",
    206: "mend the name, or define it in [CURVES]",
    215: "give one of the two another name",
    213: "EPANET's manual lists what may stand there",
    252: _NAMES,
}
"""How to mend what EPANET complains of, by the number of the error."""
_ERRORS = 100  # the first code of EPANET that is no warning


def read_text(path: Path) -> str:
    """Return the text of an EPANET file, in whatever encoding it was saved.

    Raises
    ------
    InputError
        If it cannot be read, or is no such file.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path) from None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", errors="replace")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = re.sub(r"[\0\x1a][\0\x1a\s]*\Z", "", text)  # what fills a block of a disk up
    if not re.search(r"^\s*\[JUNC", text, re.M | re.I) or "\0" in text:
        raise InputError(
            "not an EPANET input file: no text with a [JUNCTIONS] section. In EPANET, "
            "File > Export > Network writes one",
            path,
        )
    return _shortened(text)


def _shortened(text: str) -> str:
    """Return a text whose IDs fit EPANET, which counts bytes: é is one in Latin-1, two in UTF-8.

    In an ID of no more than 31 characters and more than 31 bytes, letters lose their accents, and
    what is no letter of ASCII becomes x.
    """
    words = set(re.findall(r"[^\s;\"]+", text)) if not text.isascii() else set()
    renamed: dict[str, str] = {}
    for word in sorted(words):
        if len(word) <= LONGEST_ID < len(word.encode()):
            plain = unicodedata.normalize("NFKD", word)
            wish = "".join(c for c in plain if not unicodedata.combining(c))
            wish = short = "".join(c if c.isascii() else "x" for c in wish)[:LONGEST_ID]
            number = 1
            while short in words or short in renamed.values():
                number += 1
                short = f"{wish[: LONGEST_ID - 4]}-{number}"
            renamed[word] = short
    if not renamed:
        return text
    return re.sub(r"[^\s;\"]+", lambda word: renamed.get(word[0], word[0]), text)


def without_logic(text: str) -> str:
    """Return an EPANET file's text with [CONTROLS] and [RULES] empty, line for line."""
    return without(text, ("CONT", "RULE"))


def without(text: str, sections: Collection[str]) -> str:
    """Return an EPANET file's text without sections, by their first four letters, line for line."""
    kept, skipping = [], False
    for line in text.split("\n"):
        if line.strip().startswith("["):
            skipping = line.strip()[1:5].upper() in sections
        kept.append("" if skipping else line)
    return "\n".join(kept)


def read(text: str) -> Any:
    """Return WNTR's model of an EPANET file's text; raise whatever WNTR meets."""
    with tempfile.TemporaryDirectory(prefix="hydrotwin-") as folder:
        copy = Path(folder) / "copy.inp"
        copy.write_text(text, encoding="utf-8")
        model = wntr.network.WaterNetworkModel(str(copy))
    pressure.correct(model)
    return model


def refused(text: str, path: Path) -> InputError | None:
    """Return what EPANET finds wrong with a text that stands at `path`; None for nothing."""
    try:
        with opened(text):
            return None
    except RefusedError as refusal:
        found = _COMPLAINT.findall(refusal.report)
        if not found:
            return None  # it names no line: WNTR does
    number, words, place, quoted = found[0]
    lines = [i for i, line in enumerate(text.split("\n"), 1) if line.strip() == quoted.strip()]
    mend = _MENDS.get(int(number), "mend that line")
    if '"' in quoted:
        words, mend = "a name in quotes", _NAMES
    more = f" (the first of {len(found)} mistakes)" if len(found) > 1 else ""
    cut = "" if "[END]" in text.upper() else ". It has no [END]: it may have been cut short"
    line = " ".join(quoted.split())
    message = f"EPANET finds an error in {place}: {words}: `{line}`{more}; {mend}{cut}"
    return InputError(message, path, lines[-1] if lines else None)


_PROBE = (
    "import sys, epanet; project = epanet.EN_createproject()[1]; "
    "epanet.EN_open(project, sys.argv[1], sys.argv[2], '')"
)


@functools.lru_cache(maxsize=4)
def _crashes(text: str) -> bool:
    """Return whether EPANET's reader crashes on a text, as it does on some malformed ones."""
    with tempfile.TemporaryDirectory(prefix="hydrotwin-") as folder:
        file = Path(folder) / "file.inp"
        file.write_text(text, encoding="utf-8")
        probe = [sys.executable, "-P", "-c", _PROBE, str(file), str(file.with_suffix(".rpt"))]
        return subprocess.run(probe, capture_output=True, check=False).returncode != 0


@contextmanager
def opened(text: str) -> Iterator[Any]:
    """Open an EPANET file's text as an EPANET project, and close it.

    Raises
    ------
    InputError
        If EPANET refuses it.
    """
    with tempfile.TemporaryDirectory(prefix="hydrotwin-") as folder:
        file, report = Path(folder) / "file.inp", Path(folder) / "file.rpt"
        file.write_text(text, encoding="utf-8")
        if _crashes(text):
            raise RefusedError(200, "")
        project = epanet.EN_createproject()[1]
        try:
            code = int(epanet.EN_open(project, str(file), str(report), "")[0])
            if code >= _ERRORS:
                epanet.EN_close(project)
                raise RefusedError(code, report.read_text(encoding="utf-8", errors="replace"))
            yield project
            epanet.EN_close(project)
        finally:
            epanet.EN_deleteproject(project)


class RefusedError(InputError):
    """EPANET refuses a file: `report` is what it writes of it."""

    def __init__(self, code: int, report: str):
        errors = re.findall(r"Error (?!200)\d+: *(.+)", report) or [
            str(epanet.EN_geterror(code)[1])
        ]
        super().__init__(f"EPANET cannot read it: {' '.join(errors[0].split()).rstrip('.')}")
        self.report = report


def unread(error: Exception, path: Path) -> InputError:
    """Return what is wrong with a file at `path` that EPANET takes and WNTR does not."""
    named = re.search(r"at line (\d+)", str(error))
    line = int(named[1]) if named else _line(error.__traceback__)
    return InputError(f"WNTR cannot read it: {reason(error)}", path, line)


def is_another_form(error: Exception) -> bool:
    """Return whether WNTR gave up on a line's form, which EPANET knows, and not on what it says."""
    return isinstance(error.__cause__, ENSyntaxError) and _line(error.__traceback__) is not None


def reason(error: Exception) -> str:
    """Say why WNTR gave up on a file."""
    if isinstance(error, KeyError):
        return f"unknown name {error.args[0]!r}"
    if isinstance(error, IndexError):
        return "a value is missing"
    if isinstance(error, AttributeError):
        return "a section it needs is missing, like [OPTIONS] with `Units`"
    words = re.sub(r"^\(Error \d+\) |\(%s\), |at line \d+", "", str(error))
    words = re.sub(r"could not convert string to float: (.*)", r"\1 is not a number", words)
    return " ".join(words.split()).replace(" :", ":").rstrip(".")


def _line(trace: TracebackType | None) -> int | None:
    """Return the line that WNTR's reader of a section was at when it gave up."""
    found = None
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_name.startswith("_read_"):
            found = frame.f_locals.get("lnum", found)
        trace = trace.tb_next
    return found
