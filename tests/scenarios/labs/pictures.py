"""Draw the pictures of the labs' sheets from runs of the present code: `make labs`."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

import scenarios
from scenarios.definition.schema import from_data, load
from scenarios.labs.lab import SHEETS
from scenarios.labs.registers import drawn_map, point_of
from scenarios.report.style import ALARM, TRUTH, VIEW, shade_active, shade_handles
from twin.servers.registers import INPUT

LOUD, GENTLE = 0.2, 2.0


def overfilled(level):
    """Return a run in which PLC3 is told a level of T3 for half a day."""
    attack = {
        "name": "overfill",
        "on": "link:PLC4->PLC3",
        "tags": ["L_T3"],
        "do": {"constant": {"value": level}},
        "when": {"from": "30 h", "for": "12 h"},
    }
    data = {"name": "t3", "duration": "4 d", "detector": "cnn-lstm", "attacks": [attack]}
    return scenarios.run(from_data(data), seed=0, pair=False)


def axes_of(title, ylabel):
    """Return a figure and its axes over the hours of a run."""
    figure, axes = plt.subplots(figsize=(8.4, 3.4), layout="constrained")
    axes.set(title=title, xlabel="time since the start of the run [h]", ylabel=ylabel)
    axes.grid(alpha=0.3)
    return figure, axes


def legend(axes, **handles):
    """Write a legend below the axes, where no curve can be."""
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.22)}
    axes.legend(**handles, **place, ncols=6, frameon=False, fontsize=9)


def hide_it(run):
    """Draw one level as the water, PLC1 and the operator have it."""
    figure, axes = axes_of("Three records of one level: tank T1 is overfilled", "level of T1 [m]")
    hours = run.truth.index / 3600
    shade_active(axes, run)
    axes.plot(hours, run.truth["L_T1"], color=TRUTH, lw=2, label="the water")
    axes.plot(hours, run.scada["L_T1"], color=VIEW, lw=1.5, label="SCADA shows")
    axes.plot(hours, run.plc["PLC1.L_T1"], color="#555555", lw=1.2, ls="--", label="PLC1 believes")
    axes.axhline(5.5, color=ALARM, lw=1, ls=":", label="SCADA's limit H")
    handles = [*axes.get_legend_handles_labels()[0], *shade_handles(run)]
    legend(axes, handles=handles)
    figure.savefig(SHEETS / "hide-it" / "three-records.png", dpi=120)


def catch_it(run):
    """Draw the detector's score of the same week."""
    figure, axes = axes_of("The CNN–LSTM autoencoder's score in that week", "score")
    _score(axes, run, TRUTH, "score")
    shade_active(axes, run)
    axes.axhline(run.scores["threshold"].iloc[0], color=ALARM, ls="--", label="threshold")
    axes.set_yscale("log")
    handles = [*axes.get_legend_handles_labels()[0], *shade_handles(run)]
    legend(axes, handles=handles)
    figure.savefig(SHEETS / "catch-it" / "score.png", dpi=120)


def evade(loud, gentle):
    """Draw the scores of two ways to overfill the same tank."""
    figure, axes = axes_of("Two ways to overfill T3 from h 30 to 42", "score over threshold")
    for run, color, level in ((loud, VIEW, LOUD), (gentle, TRUTH, GENTLE)):
        spilled = run.truth["overflow_T3_m3"].iloc[-1]
        label = f"PLC3 is told {level:g} m: {spilled:,.0f} m³ spilled"
        _score(axes, run, color, label, run.scores["threshold"].iloc[0])
    axes.axhline(1.0, color=ALARM, ls="--", label="threshold")
    axes.set_yscale("log")
    axes.set_ylim(0.2, 200)
    legend(axes)
    figure.savefig(SHEETS / "evade" / "two-ways.png", dpi=120)


def _score(axes, run, color, label, unit=1.0):
    shown = run.scores.loc[0.0:, "score"] / unit
    axes.plot(shown.index / 3600, shown, color=color, lw=1.6, label=label)


def know_the_plant():
    """Draw what three registers of a map hold through two days, as a client reads them."""
    run = scenarios.run("normal", seed=0, duration="2 d", watch=False, pair=False)
    colors = {"L_T2": TRUTH, "P_J300": VIEW, "F_V2": "#555555"}
    figure, axes = axes_of("Three input registers of PLC3, of a map nobody handed out", "word")
    for tag, color in colors.items():
        point = point_of(drawn_map(run.spec, 1), tag, "PLC3", INPUT)
        words = [point.encode(value)[0] for value in run.truth[point.tag]]
        label = f"address {point.address}"
        axes.plot(run.truth.index / 3600, words, color=color, lw=1.6, label=label)
    legend(axes)
    figure.savefig(SHEETS / "know-the-plant" / "registers.png", dpi=120)


def spoofed_command():
    """Draw a tank's level with and without two values that somebody wrote."""
    writes = {"6 h": {"PU4": 1, "PU5": 1}}
    attack = {
        "name": "spoof",
        "on": "plc:PLC3",
        "do": {"external": {"writes": writes, "peer": "127.0.0.1", "protocol": "modbus"}},
    }
    data = {"name": "t3", "duration": "1 d", "detector": None, "attacks": [attack]}
    run = scenarios.run(from_data(data), seed=0)
    figure, axes = axes_of("Two coils of PLC3 are written at h 6", "level of T3 [m]")
    hours = run.truth.index / 3600
    axes.plot(hours, run.paired["L_T3"], color="#555555", lw=1.4, ls="--", label="without it")
    axes.plot(hours, run.truth["L_T3"], color=TRUTH, lw=2, label="with it")
    axes.axvline(6, color=ALARM, lw=1, ls=":", label="the writes")
    legend(axes)
    figure.savefig(SHEETS / "spoofed-command" / "overflow.png", dpi=120)


def man_in_the_middle():
    """Draw a pressure as PLC5 holds it and as SCADA shows it."""
    attack = {
        "name": "higher",
        "on": "link:PLC5->SCADA",
        "tags": ["P_J302"],
        "do": {"offset": {"by": 5.0}},
        "when": {"from": "6 h", "for": "12 h"},
    }
    data = {"name": "p", "duration": "1 d", "detector": None, "attacks": [attack]}
    run = scenarios.run(from_data(data), seed=0)
    figure, axes = axes_of("Somebody sits between SCADA and PLC5 from h 6 to 18", "P_J302 [m]")
    hours = run.truth.index / 3600
    axes.plot(hours, run.plc["PLC5.P_J302"], color=TRUTH, lw=2, label="PLC5 holds")
    axes.plot(hours, run.scada["P_J302"], color=VIEW, lw=1.4, label="SCADA shows")
    legend(axes)
    figure.savefig(SHEETS / "man-in-the-middle" / "two-records.png", dpi=120)


if __name__ == "__main__":
    know_the_plant()
    spoofed_command()
    man_in_the_middle()
    demo = replace(load("t1-overflow-concealed"), detector="cnn-lstm")
    week = scenarios.run(demo, seed=0)
    hide_it(week)
    catch_it(week)
    evade(overfilled(LOUD), overfilled(GENTLE))
