"""Pictures of a training and of an evaluation, as PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    PrecisionRecallDisplay,
    RocCurveDisplay,
    confusion_matrix,
)

from detector.base import Detector, Floats
from detector.benchmark.batadal import Record
from detector.benchmark.dragged import dragged
from detector.benchmark.evaluate import NAIVE, BenchmarkResult, Evaluation
from detector.errors import DataError
from detector.metrics import Bools

INK, QUIET, ALARM, SHADE = "#1b4965", "#8d99ae", "#c1121f", "#f4a261"
DRAGGED = "#2a7f3f"


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
    """Return the confusion matrix, in hours and shares of normal and attacked hours.

    Parameters
    ----------
    labels, alarms
        Which hours are under attack, and which are alarmed, ``(T,)``.
    title
        The figure's title.
    """
    figure = Figure(figsize=(4.8, 4), layout="constrained")
    axes = figure.subplots()
    counts = confusion_matrix(labels, alarms, labels=[False, True])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    display = ConfusionMatrixDisplay(shares).plot(
        ax=axes,
        cmap="Blues",
        colorbar=False,
        im_kw={"vmin": 0, "vmax": 1},
        text_kw={"fontsize": 14},
    )
    for text, count, share in zip(display.text_.flat, counts.flat, shares.flat, strict=True):
        text.set_text(f"{count} h\n{share:.1%}")
    axes.set_xticks([0, 1], ["no alarm", "alarm"])
    axes.set_yticks([0, 1], ["normal", "attack"])
    axes.set(xlabel="", ylabel="")
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
        The figure's title.
    """
    figure = Figure(figsize=(9.5, 4.6 + 0.2 * (1 + len(scores) // 2)), layout="constrained")
    left, right = figure.subplots(1, 2)
    colours = colormaps["tab20"](np.linspace(0, 1, max(len(scores), 2)))
    for (name, each), colour in zip(scores.items(), colours, strict=False):
        roc = RocCurveDisplay.from_predictions(labels, each, ax=left)
        curve = PrecisionRecallDisplay.from_predictions(labels, each, ax=right)
        areas = f"areas {roc.roc_auc:.3f} and {curve.average_precision:.3f}"
        roc.line_.set(label=f"{name}: {areas}", color=colour)
        curve.line_.set_color(colour)
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
    for axes in (left, right):
        axes.get_legend().remove()
    handles, names = left.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=9)
    figure.suptitle(title)
    return figure


def draw_timeline(
    record: Record, evaluation: Evaluation, title: str, rolling: Floats | None = None
) -> Figure:
    """Return the scores over time, published attacks shaded and numbered, with the threshold.

    Parameters
    ----------
    record, evaluation
    title
        The figure's title.
    rolling
        A rolling threshold to draw beside it, ``(T,)``.
    """
    figure = Figure(figsize=(11, 4), layout="constrained")
    axes = figure.subplots()
    hours = record.table.index.to_numpy()
    _shade(axes, record)
    axes.plot(hours, evaluation.scores, color=INK, linewidth=0.7)
    alarmed = np.where(evaluation.alarms, evaluation.scores, np.nan)
    axes.plot(hours, alarmed, ".", color=ALARM, markersize=3)
    axes.axhline(evaluation.threshold, color=ALARM, linestyle="--", linewidth=1, label="threshold")
    if rolling is not None:
        label = "as it would be of the last week's scores: attacks drag it along"
        axes.plot(hours, rolling, color=DRAGGED, linewidth=1, label=label)
        axes.legend(loc="lower right", fontsize=8)
    axes.set(ylabel="score", yscale="log")
    axes.set_title(
        f"{title}: threshold dashed, alarms red, attacks shaded and numbered", pad=20, fontsize=11
    )
    axes.margins(x=0.005)
    axes.grid(alpha=0.3)
    return figure


def draw_alarms(record: Record, rows: Mapping[str, Evaluation], title: str) -> Figure:
    """Return when each detector alarms, a line each, published attacks shaded and numbered."""
    figure = Figure(figsize=(11, 1.4 + 0.3 * len(rows)), layout="constrained")
    axes = figure.subplots()
    hours = date2num(record.table.index.to_numpy())  # type: ignore[no-untyped-call]
    _shade(axes, record)
    for place, evaluation in enumerate(rows.values()):
        axes.vlines(
            hours[evaluation.alarms], place - 0.35, place + 0.35, color=ALARM, linewidth=0.6
        )
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set(ylim=(len(rows) - 0.5, -0.5))
    axes.set_xlim(hours[0], hours[-1])
    axes.set_title(f"{title}: hours alarmed, attacks shaded and numbered", pad=20, fontsize=11)
    return figure


def _shade(axes: Axes, record: Record) -> None:
    """Shade and number the published attacks, and mark the dates."""
    for attack, _ in record.attacks:
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
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def draw_evaluation(result: BenchmarkResult, folder: str | Path, first: int) -> list[Path]:
    """Draw losses, confusion matrices, scores over time and curves into a folder.

    Parameters
    ----------
    result
        What `detector.benchmark.evaluate.evaluate` returned.
    folder
        Where the PNG files go.
    first
        The first evaluated row.

    Returns
    -------
    list of Path
        The pictures.
    """
    home = Path(folder)
    pictures: list[Path] = []
    for kind, detector in result.detectors.items():
        if "history" in detector.about:
            pictures.append(save(draw_loss(detector.about["history"]), home / f"loss-{kind}.png"))
    for name, rows in result.evaluations.items():
        shown = [kind for kind in rows if kind not in NAIVE]
        pictures += _draw_record(
            name, result.records[name], rows, home, first, shown, result.detectors
        )
    return pictures


def _draw_record(
    name: str,
    record: Record,
    rows: Mapping[str, Evaluation],
    home: Path,
    first: int,
    kinds: Sequence[str],
    detectors: Mapping[str, Detector],
) -> list[Path]:
    pictures = []
    labels = record.labels[first:]
    for kind in kinds:
        title = f"{kind} on {name}"
        confusion = draw_confusion(labels, rows[kind].alarms[first:], title)
        pictures.append(save(confusion, home / f"confusion-{name}-{kind}.png"))
        dragging = dragged(record, detectors[kind], rows[kind]) if kind in detectors else None
        levels = None if dragging is None else dragging.levels
        timeline = draw_timeline(record, rows[kind], title, levels)
        pictures.append(save(timeline, home / f"timeline-{name}-{kind}.png"))
    if kinds:
        alarms = draw_alarms(record, {kind: rows[kind] for kind in kinds}, name)
        pictures.append(save(alarms, home / f"alarms-{name}.png"))
    if kinds and labels.any() and not labels.all():
        scores = {kind: rows[kind].scores[first:] for kind in kinds}
        pictures.append(save(draw_curves(labels, scores, name), home / f"curves-{name}.png"))
    return pictures
