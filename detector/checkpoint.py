"""Fitted detectors on disk: weights as safetensors, a card beside them as JSON."""

import hashlib
import json
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as parse_tensors
from safetensors.numpy import save as write_tensors

from detector.base import HOUR, Detector
from detector.errors import DataError, did_you_mean
from detector.registry import kind_class, kinds

WEIGHTS = Path(__file__).parent / "weights"
"""The folder of the weights that ship."""

SUFFIX = ".safetensors"


def shipped_path(kind: str, plant: str, interval_s: float) -> Path:
    """Return where the shipped weights of a kind lie, for a plant and a frame interval [s]."""
    return WEIGHTS / f"{kind}-{plant}-{interval_s:g}s{SUFFIX}"


def shipped(kind: str) -> list[tuple[str, float]]:
    """Return the plants and frame intervals [s] for which weights of a kind ship."""
    cards = (read_card(path) | {"name": path.stem} for path in sorted(WEIGHTS.glob(f"*{SUFFIX}")))
    return [
        (card["name"].removeprefix(f"{kind}-").rpartition("-")[0], float(card["interval_s"]))
        for card in cards
        if card["kind"] == kind
    ]


def shipped_intervals(kind: str, plant: str) -> list[float]:
    """Return the frame intervals [s] for which weights of a kind ship for a plant."""
    return sorted(interval for name, interval in shipped(kind) if name == plant)


def load(
    path_or_kind: str | Path,
    plant: str = "ctown",
    tags: Sequence[str] | None = None,
    interval_s: float | None = HOUR,
) -> Detector:
    """Load a fitted detector, from a file or from the weights that ship.

    Parameters
    ----------
    path_or_kind
        A kind's name, or the path of a ``.safetensors`` file.
    plant
        The plant's name, to find shipped weights.
    tags
        The tags of the frames to be scored, in order; not compared when None. A detector that wants
        a shadow twin's columns too has these behind the tags.
    interval_s
        The time from frame to frame [s]; when None, that of the file, or the shortest that ships.

    Raises
    ------
    DataError
        If the kind is unknown, nothing ships for the plant and interval, a file is missing or
        damaged, or the checkpoint is for other tags or another interval: the message says which.
    """
    name = str(path_or_kind)
    if name in kinds():
        wanted = min(shipped_intervals(name, plant), default=HOUR)
        path = shipped_path(name, plant, wanted if interval_s is None else interval_s)
        if not path.is_file():
            at = "" if interval_s is None else f" at {interval_s:g} s"
            names = sorted(each.stem for each in WEIGHTS.glob(f"*{SUFFIX}"))
            raise DataError(
                f"no {name} weights ship for plant {plant!r}{at} "
                f"(looked for {path.name}; shipped: {', '.join(names) or 'none'}). "
                "Train them with `hydrotwin train DATA --out FILE` and name the file."
            )
    else:
        path = Path(name)
        if path.suffix != SUFFIX and not path.exists():
            raise DataError(
                f"unknown detector {name!r}: neither a kind nor a {SUFFIX} file. "
                f"{did_you_mean(name, kinds())}"
            )
    kind = str(read_card(path)["kind"])
    if kind not in kinds():
        raise DataError(
            f"{path.with_suffix('.json')}: a detector of kind {kind!r}, which is not known here. "
            "A kind of your own is known by `plugins: [FILE.py]` in the scenario, or by "
            "`--plugin FILE.py`. "
            f"{did_you_mean(kind, kinds())}"
        )
    detector = kind_class(kind).load(path)
    check_fits(path, detector, tags, interval_s)
    return detector


def check_fits(
    name: Path | str, detector: Detector, tags: Sequence[str] | None, interval_s: float | None
) -> None:
    """Raise DataError where a detector was fitted on other tags or another frame interval.

    Parameters
    ----------
    name
        The detector's file or name, for the message.
    detector, tags, interval_s
        As in `load`.
    """
    if interval_s is not None and detector.interval_s != interval_s:
        raise DataError(
            f"{name}: fitted on frames {detector.interval_s:g} s apart, asked to score frames "
            f"{interval_s:g} s apart. Use the same interval, or train anew."
        )
    if tags is None:
        return
    wanted = detector.tags
    if detector.columns_wanted == "tags+shadow":  # the shadow's are compared where they are joined
        wanted = wanted[: len(tags)]
    if tuple(tags) == wanted:
        return
    extra = [tag for tag in tags if tag not in wanted]
    missing = [tag for tag in wanted if tag not in tags]
    parts = []
    if missing:
        parts.append(f"it needs {', '.join(missing)}, which the frames lack")
    if extra:
        parts.append(f"the frames have {', '.join(extra)}, which it never saw")
    if not parts:
        row, ours, theirs = next(
            (row, ours, theirs)
            for row, (ours, theirs) in enumerate(zip(wanted, tags, strict=True), start=1)
            if ours != theirs
        )
        parts.append(f"their order differs: column {row} is {theirs}, it expects {ours}")
    raise DataError(f"{name}: fitted on other tags: {'; '.join(parts)}. Train anew for these tags.")


def write(path: Path, tensors: dict[str, NDArray[Any]], card: dict[str, Any]) -> None:
    """Write weights and card; each file appears whole or not at all.

    Raises
    ------
    DataError
        If the name does not end in ``.safetensors`` or the folder cannot be written.
    """
    if path.suffix != SUFFIX:
        raise DataError(f"{path}: a checkpoint's name must end in {SUFFIX}.")
    # The copy keeps safetensors from writing the memory behind a strided view.
    blob = write_tensors({name: np.ascontiguousarray(each) for name, each in tensors.items()})
    card = {**card, "weights_sha256": hashlib.sha256(blob).hexdigest()}
    text = json.dumps(card, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, blob)
        _replace(path.with_suffix(".json"), text.encode())
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror}.") from error


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def read_card(path: Path) -> dict[str, Any]:
    """Read the card beside a checkpoint.

    Raises
    ------
    DataError
        If the weights or the card are missing, or the card is not a detector's.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such checkpoint.")
    card_path = path.with_suffix(".json")
    try:
        card = json.loads(card_path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{card_path}: the card that belongs to {path.name} is missing.") from None
    except OSError as error:
        raise DataError(f"{card_path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{card_path}: not a card: {error.reason}.") from error
    except json.JSONDecodeError as error:
        raise DataError(f"{card_path}:{error.lineno}: not a card: {error.msg}.") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or brackets
        raise DataError(f"{card_path}: not a card: {error}.") from error
    needed = ("kind", "tags", "interval_s", "threshold", "weights_sha256")
    missing = [key for key in needed if not isinstance(card, dict) or key not in card]
    if missing:
        raise DataError(f"{card_path}: not a detector's card: {', '.join(missing)} missing.")
    for key, holds, words in _CARD:
        if not holds(card[key]):
            raise DataError(
                f"{card_path}: not a detector's card: {key} is {_shown(card[key])}, not {words}. "
                "Restore the card, or train anew."
            )
    return dict(card)


def _is_number(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) < math.inf  # type: ignore[arg-type]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


_LONGEST = 60
_CARD: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("kind", lambda value: isinstance(value, str), "the name of a kind"),
    (
        "tags",
        lambda value: (
            isinstance(value, list)
            and bool(value)
            and all(isinstance(tag, str) for tag in value)
            and len(set(value)) == len(value)
        ),
        "a list of different names",
    ),
    (
        "interval_s",
        lambda value: _is_number(value) and value >= 1,
        "a number of seconds, 1 at least",
    ),
    (
        "threshold",
        lambda value: isinstance(value, dict) and _is_number(value.get("value")),
        "a mapping with a number under value",
    ),
    ("weights_sha256", lambda value: isinstance(value, str), "the SHA-256 of the weights"),
)
"""What a card must hold: its keys, what their values are, in words."""


def read(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read weights and card.

    Raises
    ------
    DataError
        If a file is missing or damaged, or the two do not belong together.
    """
    card = read_card(path)
    try:
        blob = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from error
    if hashlib.sha256(blob).hexdigest() != card["weights_sha256"]:
        raise DataError(
            f"{path}: damaged, or not the weights that {path.with_suffix('.json').name} "
            "describes (their SHA-256 differs). Restore both, or train anew."
        )
    try:
        return parse_tensors(blob), card
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not a safetensors file: {error}.") from error
