"""Which column of a record marks its attacks, and what its cells say.

A column that may mark attacks and is not understood stops the reading: hours under attack taken
for normal ones would spoil whatever is learned from them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.errors import DataError
from detector.records.numbers import MISSING, UNKNOWN, number
from detector.records.sheet import Sheet

LABEL = "ATT_FLAG"

_MARKS = re.compile(r"att(ack|flag|label)|anomal|abnormal|intrusi|malicious|label|truth|normal")
"""What a column's name holds, in small letters and digits only, if it marks attacks."""
_SPEAKS = re.compile(r"attack|anomal|abnormal|intrusi|malicious|compromis", re.IGNORECASE)
"""What a cell holds that speaks of an attack."""
_WORDS = {
    **dict.fromkeys(("normal", "benign", "safe", "noattack", "notattack", "noattacks"), 0),
    **dict.fromkeys(("attack", "attacked", "underattack", "anomaly", "anomalous", "abnormal"), 1),
    **dict.fromkeys(("malicious", "intrusion"), 1),
    **dict.fromkeys(("unknown", "unlabelled", "unlabeled"), UNKNOWN),
    **dict.fromkeys(MISSING, UNKNOWN),
}
"""What words mean, in small letters and digits only."""
_ANSWERS = {
    **dict.fromkeys(("no", "n", "false", "f"), 0),
    **dict.fromkeys(("yes", "y", "true", "t"), 1),
}
"""What answers to the column's name mean."""


def _words(meaning: int) -> str:
    return ", ".join(word for word, said in (_WORDS | _ANSWERS).items() if said == meaning and word)


_EXPECTED = (
    f"0 (normal), 1 (under attack) or {UNKNOWN} (unknown), or one of the words {_words(0)}; "
    f"{_words(1)}; {_words(UNKNOWN)}"
)
_INDEX = re.compile(r"(unnamed\d*|index|idx|id|row|rows|no|nr|number|sample)?")
_OTHER_TAG = re.compile(r"[LFSP]_\w+", re.IGNORECASE)
_FEW = 3


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def read_flags(sheet: Sheet, others: Sequence[int]) -> tuple[NDArray[np.int64] | None, list[str]]:
    """Read the label of every row from the columns that are neither the time nor a tag.

    Parameters
    ----------
    sheet : Sheet
    others : sequence of int
        These columns.

    Returns
    -------
    ndarray of shape (T,) or None
        0 normal, 1 under attack, -999 unknown; None where no column is a label.
    list of str
        What was noticed, in words.

    Raises
    ------
    DataError
        If a label cannot be understood, two columns contradict each other, or a column may be a
        label and is not known to be; with file, line and column.
    """
    named = [place for place in others if _MARKS.search(_letters(sheet.heads[place]))]
    named.sort(key=lambda place: sheet.heads[place].upper() != LABEL)
    flags: NDArray[np.int64] | None = None
    used, unread = -1, None
    for place in named:
        try:
            read = _flags(sheet, place)
        except DataError as error:
            if sheet.heads[place].upper() == LABEL:
                raise
            unread = unread or error
            continue
        if flags is None:
            flags, used = read, place
            continue
        flags = _joined(sheet, (used, flags), (place, read))
    if flags is None and unread is not None:
        raise unread
    left = [place for place in others if place != used and any(sheet.columns[place])]
    if flags is None:
        for place in left:
            _check_no_label(sheet, place)
    notes = []
    if left:
        notes.append(f"columns left out: {', '.join(sheet.named(place) for place in left)}")
    if flags is not None and sheet.heads[used].upper() != LABEL:
        notes.append(f"labels read from column {sheet.named(used)}")
    return flags, notes


def _flags(sheet: Sheet, place: int) -> NDArray[np.int64]:
    """Read one column of labels."""
    cells = sheet.columns[place]
    name = _letters(sheet.heads[place]).replace("abnormal", "")
    answers = "normal" in name or "noattack" in name
    meanings = {cell: _meaning(cell) for cell in set(cells)}
    for row, cell in enumerate(cells):
        if meanings[cell] is None:
            raise sheet.error(
                f"{sheet.named(place)} is {cell!r}; expected {_EXPECTED}. If the column does not "
                "mark attacks, delete it or name it otherwise.",
                row,
            )
        if answers and _letters(cell) not in _WORDS and meanings[cell] != UNKNOWN:
            raise sheet.error(
                f"{sheet.named(place)} is {cell!r}: whether that is normal or an attack cannot be "
                f"told from the column's name. Name it {LABEL}, with {_EXPECTED}.",
                row,
            )
    return np.array([meanings[cell] for cell in cells], dtype=np.int64)


def _meaning(cell: str) -> int | None:
    """Return 0, 1 or -999 as a label says, None for what is no label."""
    value = number(cell)
    if value is not None:
        return int(value) if value in (0, 1, UNKNOWN) else None
    word = cell.casefold() if cell.casefold() in MISSING else _letters(cell)
    word = re.sub(r"^attack(no|nr)?\d+$", "attack", word)
    return (_WORDS | _ANSWERS).get(word)


def _joined(
    sheet: Sheet, first: tuple[int, NDArray[np.int64]], second: tuple[int, NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Return what two columns of labels say together, where one may not know and the other does."""
    (place, flags), (other, more) = first, second
    against = (flags != more) & (flags != UNKNOWN) & (more != UNKNOWN)
    if against.any():
        row = int(against.argmax())
        raise sheet.error(
            f"{sheet.named(place)} is {sheet.columns[place][row]!r}, but {sheet.named(other)} is "
            f"{sheet.columns[other][row]!r}: delete the column that does not mark attacks.",
            row,
        )
    return np.where(flags == UNKNOWN, more, flags)


def _check_no_label(sheet: Sheet, place: int) -> None:
    """Raise DataError if a column may be a label, of a file in which no other is."""
    head, cells = sheet.heads[place], sheet.columns[place]
    if _OTHER_TAG.fullmatch(head) or _is_index(head, cells):
        return
    kinds = list(dict.fromkeys(cells))
    speaks = next((row for row, cell in enumerate(cells) if _SPEAKS.search(cell)), None)
    few = len(kinds) <= _FEW and (len(kinds) > 1 or _meaning(kinds[0]) == 1)
    if speaks is None and not few:
        return
    row = cells.index(kinds[-1]) if speaks is None else speaks
    shown = ", ".join(repr(kind) for kind in kinds[:_FEW])
    raise sheet.error(
        f"column {sheet.named(place)} holds {shown}{', …' if len(kinds) > _FEW else ''}: does it "
        f"mark attacks? If it does, name it {LABEL}, with {_EXPECTED}; if not, delete it.",
        row,
    )


def _is_index(head: str, cells: Sequence[str]) -> bool:
    """Return whether a column only counts the rows."""
    if not _INDEX.fullmatch(_letters(head)):
        return False
    numbers = [number(cell) for cell in cells]
    first = numbers[0]
    return first is not None and numbers == [first + row for row in range(len(numbers))]
