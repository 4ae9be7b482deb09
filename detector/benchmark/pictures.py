"""Pictures of a training and of an evaluation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from detector.base import Floats
from detector.benchmark.batadal import Recording
from detector.errors import DataError
from detector.metrics import Bools

if TYPE_CHECKING:
    from detector.benchmark.evaluate import Result, Verdict

INK, QUIET, ALARM, SHADE = "#1b4965", "#8d99ae", "#c1121f", "#f4a261"


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG and return its path.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    place = Path(path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(place, dpi=150)
    except OSError as error:
        raise DataError(f"{place}: cannot be written: {error.strerror}.") from error
    return place


def draw_loss(history: Mapping[str, Any]) -> Figure:
    """Return the loss curve of a training.

    Parameters
    ----------
    history
        ``loss``, ``held_out`` (one number an epoch) and ``best_epoch``, as in a detector's card.
    """
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    epochs = np.arange(1, len(history["loss"]) + 1)
    axes.plot(epochs, history["loss"], color=QUIET, marker=".", label="training windows")
    axes.plot(epochs, history["held_out"], color=INK, marker=".", label="held-out windows")
    best = history["best_epoch"]
    axes.axvline(best, color=ALARM, linestyle=":", label=f"weights kept: epoch {best}")
    axes.set(
        xlabel="epoch",
        ylabel="mean squared error (scaled)",
        title="Loss while training",
        yscale="log",
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    return figure


def draw_confusion(labels: Bools, alarms: Bools, title: str) -> Figure:
    """Return the confusion matrix of hours.

    Parameters
    ----------
    labels, alarms
        Which hours are under attack, and which are alarmed, ``(T,)``.
    title
        What it shows.
    """
    figure = Figure(figsize=(4.8, 4), layout="constrained")
    axes = figure.subplots()
    counts = np.array(
        [[np.sum((labels == row) & (alarms == column)) for column in (0, 1)] for row in (0, 1)]
    )
    parts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(parts, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        part = parts[row, column]
        axes.text(
            column,
            row,
            f"{count} h\n{part:.1%}",
            ha="center",
            va="center",
            fontsize=14,
            color="white" if part > 0.5 else "black",
        )
    axes.set_xticks([0, 1], ["no alarm", "alarm"])
    axes.set_yticks([0, 1], ["normal", "attack"])
    axes.set_title(title)
    return figure


def draw_curves(labels: Bools, scores: Mapping[str, Floats], title: str) -> Figure:
    """Return the ROC and the precision-recall curve, a line a detector.

    Parameters
    ----------
    labels
        Which hours are under attack, both kinds present, ``(T,)``.
    scores
        By detector, higher is more anomalous, finite, ``(T,)``.
    title
        What it shows.
    """
    from sklearn.metrics import (
        average_precision_score,
        precision_recall_curve,
        roc_auc_score,
        roc_curve,
    )

    figure = Figure(figsize=(9.5, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, each in scores.items():
        false, true, _ = roc_curve(labels, each)
        left.plot(false, true, label=f"{name}, area {roc_auc_score(labels, each):.3f}")
        precision, recall, _ = precision_recall_curve(labels, each)
        area = average_precision_score(labels, each)
        right.plot(recall, precision, label=f"{name}, area {area:.3f}")
    left.plot([0, 1], [0, 1], color=QUIET, linestyle=":", label="chance")
    right.axhline(labels.mean(), color=QUIET, linestyle=":", label="chance")
    left.set(xlabel="false alarms / normal hours", ylabel="alarms / attack hours", title="ROC")
    right.set(
        xlabel="recall: alarms / attack hours",
        ylabel="precision: true / all alarms",
        title="Precision and recall",
    )
    for axes in (left, right):
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.03))
        axes.grid(alpha=0.3)
    left.legend(loc="lower right")
    # Just above the line of chance, where curves seldom come.
    right.legend(loc="lower left", bbox_to_anchor=(0, labels.mean() + 0.02))
    figure.suptitle(title)
    return figure


def draw_timeline(recording: Recording, verdict: "Verdict", title: str) -> Figure:
    """Return the scores over time, published attacks shaded and numbered, with the threshold."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    axes = figure.subplots()
    hours = recording.table.index.to_numpy()
    for attack, _ in recording.attacks:
        start, end = (float(date2num(each)) for each in (attack.start, attack.end))  # type: ignore[no-untyped-call]
        axes.axvspan(start, end, color=SHADE, alpha=0.45, linewidth=0)
        axes.text(
            (start + end) / 2,
            1.01,
            str(attack.number),
            ha="center",
            va="bottom",
            transform=axes.get_xaxis_transform(),
        )
    axes.plot(hours, verdict.scores, color=INK, linewidth=0.7)
    alarmed = np.where(verdict.alarms, verdict.scores, np.nan)
    axes.plot(hours, alarmed, ".", color=ALARM, markersize=3)
    axes.axhline(verdict.threshold, color=ALARM, linestyle="--", linewidth=1)
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set(ylabel="score (mean squared error, scaled)", yscale="log")
    axes.set_title(
        f"{title}: threshold dashed, alarms red, attacks shaded and numbered", pad=20, fontsize=11
    )
    axes.margins(x=0.005)
    axes.grid(alpha=0.3)
    return figure


def draw_evaluation(result: "Result", folder: str | Path, first: int) -> list[Path]:
    """Draw everything about an evaluation into a folder.

    Parameters
    ----------
    result
        What `detector.benchmark.evaluate.evaluate` returned.
    folder
        Where the PNG files go.
    first
        The first judged row.

    Returns
    -------
    list of Path
        The pictures.
    """
    home = Path(folder)
    drawn: list[Path] = []
    for kind, detector in result.detectors.items():
        if "history" in detector.about:
            drawn.append(save(draw_loss(detector.about["history"]), home / f"loss-{kind}.png"))
    for name, rows in result.verdicts.items():
        drawn += _draw_recording(name, result.recordings[name], rows, home, first, result.detectors)
    return drawn


def _draw_recording(
    name: str,
    recording: Recording,
    rows: Mapping[str, "Verdict"],
    home: Path,
    first: int,
    kinds: Sequence[str] | Mapping[str, Any],
) -> list[Path]:
    drawn = []
    labels = recording.labels[first:]
    for kind in kinds:
        title = f"{kind} on {name}"
        confusion = draw_confusion(labels, rows[kind].alarms[first:], title)
        drawn.append(save(confusion, home / f"confusion-{name}-{kind}.png"))
        timeline = draw_timeline(recording, rows[kind], title)
        drawn.append(save(timeline, home / f"timeline-{name}-{kind}.png"))
    if labels.any() and not labels.all():
        scores = {kind: rows[kind].scores[first:] for kind in kinds}
        drawn.append(save(draw_curves(labels, scores, name), home / f"curves-{name}.png"))
    return drawn
