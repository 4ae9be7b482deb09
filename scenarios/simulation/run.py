"""A run from its scenario to its folder: a session advanced to its end, told and drawn."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from detector import Detector
from scenarios.definition.scenario import Scenario
from scenarios.definition.schema import load
from scenarios.report import html
from scenarios.results import folder
from scenarios.results.detection import Aftermath
from scenarios.results.run import Run
from scenarios.simulation.pace import Pace
from scenarios.simulation.session import Session
from twin.control.alarms import Alarm
from twin.errors import InputError
from twin.plants.spec import PlantSpec
from twin.servers.registers import register_map

if TYPE_CHECKING:
    from twin.servers.capture import Capture


def run(
    scenario: Scenario | str | Path,
    *,
    seed: int | None = None,
    duration: float | str | None = None,
    out: Path | str | None = None,
    watch: bool = True,
    detector: str | Detector | Sequence[str | Detector] | None = None,
    pair: bool = True,
    aftermath: Aftermath = "normal",
    pace: Pace | None = None,
    capture: Path | str | None = None,
    on_start: Callable[[PlantSpec], None] | None = None,
    on_time: Callable[[float], None] | None = None,
    on_alarm: Callable[[Alarm], None] | None = None,
    on_compare: Callable[[str], None] | None = None,
) -> Run:
    """Simulate a scenario, watch it, and compare it with its pair.

    Parameters
    ----------
    scenario : Scenario, str or Path
        The name of a shipped one, or a file, is read first.
    seed, duration : int, float or str, optional
        Instead of the scenario's; the duration in seconds, or with its unit: `"2 d"`.
    out : Path or str, optional
        The run folder to write, with the report; by default nothing is written.
    watch : bool, default True
        Whether a detector takes part.
    detector : str, Detector, or several, optional
        Instead of the scenario's: a kind, a checkpoint, or a fitted detector. Of several, each
        watches for itself, and the figures of the run are the first one's.
    pair : bool, default True
        Whether to compare with the same run without attacks; without, no damage is known.
    aftermath : {"normal", "attack", "out"}
        What the run's summary counts hours as in which no attack is active any more but the water
        still deviates; see `scenarios.results.detection`.
    pace : Pace, optional
        How fast simulated time goes by; by default as fast as possible.
    capture : Path or str, optional
        A pcapng file to write, with what the messages would look like on the wire; labels stand
        beside it in a CSV file.
    on_start, on_time, on_alarm, on_compare : callable, optional
        Told the plant when everything has been checked and the run begins; the time [s], hourly
        or finer when paced; every alarm as it is raised; and, after the run, each incident of
        several as the run without it begins.

    Raises
    ------
    InputError
        If an attack, the detector or `out` cannot be used; nothing has been written then.
    RunError, KeyboardInterrupt
        If the run fails or is interrupted before anything was recorded; later, what was is kept.
    """
    chosen = scenario if isinstance(scenario, Scenario) else load(scenario)
    if isinstance(duration, str):
        chosen = chosen.vary("duration", duration)
    elif duration is not None:
        chosen = replace(chosen, duration=duration)
    chosen = chosen if seed is None else replace(chosen, seed=seed)
    given = [detector] if isinstance(detector, str | Detector) else detector
    with contextlib.ExitStack() as stack:
        draft = None if out is None else stack.enter_context(folder.draft(out))
        session = stack.enter_context(
            Session.open(
                chosen,
                folder=draft,
                watch=watch,
                detectors=given,
                pair=pair,
                aftermath=aftermath,
                pace=pace,
                on_time=on_time,
                on_alarm=on_alarm,
            )
        )
        if on_start is not None:
            on_start(session.spec)
        if capture is None:
            session.advance(chosen.duration)
        else:
            with captured(session, Path(capture)):
                session.advance(chosen.duration)
        made = session.conclude(on_compare)
        if out is None or draft is None:
            return made
        return keep(draft, made, Path(out))


def keep(draft: Path, run: Run, out: Path) -> Run:
    """Write a run into a draft of its folder, with pictures and report, and put it in its place.

    Returns
    -------
    Run
        The run as it was written: with its folder, and with notes of what could not be drawn.
    """
    made = _drawn(draft, replace(run, folder=out))
    folder.write(draft, made)
    html.write(draft, made)
    folder.publish(draft, out)
    return made


def captured(session: Session, path: Path) -> Capture:
    """Capture a session's messages from now on; see `twin.servers.capture`."""
    try:
        from twin.servers.capture import Capture  # brings pymodbus and dpkt
    except ImportError:
        raise InputError("a capture needs: pip install 'hydrotwin[live]'") from None

    def marks(link: str) -> tuple[str, str]:
        """Return what acts on a link: attack, fault or nothing, and by which names."""
        acting = [
            one.entry
            for one in session.entries
            if one.active and any(point.name == link for point in one.points)
        ]
        labels = {entry.label for entry in acting}
        label = "attack" if "attack" in labels else min(labels, default="")
        return label, " ".join(entry.name for entry in acting)

    bed, scada = session.testbed, session.testbed.scada
    links = [*bed.links, *scada.answers, *scada.commands]
    return Capture(path, register_map(session.spec), links, session.scenario.start, marks)


def _drawn(place: Path, run: Run) -> Run:
    """Draw a run's pictures; return it with a note of each that failed, or as interrupted."""
    try:
        from scenarios.report.pictures import write_pictures  # brings matplotlib

        failed = write_pictures(place, run)
    except KeyboardInterrupt:
        if run.status == "done":
            return replace(run, status="interrupted", reason="stopped by the user at its pictures")
        return run
    return replace(run, notes=(*run.notes, *failed))
