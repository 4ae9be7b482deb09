"""Lab 3, the man in the middle: SCADA is shown one reading otherwise than the PLC holds it."""

from __future__ import annotations

import contextlib
import csv
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from scenarios.labs import sandbox
from scenarios.labs.lab import SOLUTIONS, Criterion, Draws, Lab, Verdict, Verdicts
from scenarios.labs.plant import PLANT, WIRE, free_port, modbus, points_of, scenario_of
from scenarios.labs.registers import point_of
from scenarios.simulation.session import Session
from twin.errors import InputError
from twin.plants.spec import load_plant
from twin.servers.background import LOOPBACK
from twin.servers.image import Images
from twin.servers.registers import INPUT, Point, write_map
from twin.units import HOUR

_PROXY, _MAP = "proxy.py", "registers.csv"
PORT = 15900
"""Where a student's proxy listens, for SCADA of the plant that `hydrotwin live --lab` opens."""
_LASTS = 6 * HOUR
_NEAR = 0.11  # m, beside what a register rounds off
_READY_S, _LATE_S = 15.0, 100.0  # real seconds: until it listens, and in all
_OFTEN = 0.95  # of the polls


def _draw(rng: np.random.Generator) -> Draws:
    pressures = [tag.name for tag in load_plant(PLANT).tags if tag.quantity == "pressure"]
    return {
        "map": int(rng.integers(2**31)),
        "tag": str(rng.choice(sorted(pressures))),
        "higher_by_m": float(rng.integers(20, 100)) / 10.0,
    }


def _point(draws: Draws) -> Point:
    plc = {tag.name: tag.plc for tag in load_plant(PLANT).tags}[draws["tag"]]
    return point_of(points_of(draws), draws["tag"], plc, INPUT)


def _start(draws: Draws, folder: Path) -> None:
    (folder / _MAP).write_text(write_map(points_of(draws)), encoding="utf-8")
    with (folder / WIRE).open("w", encoding="utf-8", newline="") as file:
        rows = [("link", "host", "port"), (f"{_point(draws).plc}->SCADA", LOOPBACK, PORT)]
        csv.writer(file, lineterminator="\n").writerows(rows)


def _solve(draws: Draws, folder: Path) -> None:
    point = _point(draws)
    text = (SOLUTIONS / LAB.name / "proxy.py.txt").read_text(encoding="utf-8")
    text = text.replace("<ADDRESS>", str(point.address))
    text = text.replace("<BY>", str(round(draws["higher_by_m"] * point.scale)))
    (folder / _PROXY).write_text(text, encoding="utf-8")


def _examine(hand_in: Path, draws: Draws, seed: int) -> Verdicts:
    from twin.servers.wire import Wire

    point, points = _point(draws), points_of(draws)
    session = Session.open(scenario_of(seed, _LASTS), watch=False, pair=False)
    with session, tempfile.TemporaryDirectory(prefix="proxy-") as place:
        (Path(place) / _PROXY).write_bytes((hand_in / _PROXY).read_bytes())
        bed = session.testbed
        images = Images(bed.plcs, 2.0 * session.spec.step)
        shown = images.take(session.now)
        bed.observers.append(lambda now, _: shown.update(images.take(now)))
        with (
            Wire(points, shown.__getitem__) as wire,
            modbus(points, wire.read, lambda *_: None) as ports,
            _proxy(Path(place), ports[point.plc]) as (listens, outcomes),
        ):
            name = f"{point.plc}->SCADA"
            (link,) = [link for link in bed.scada.answers if link.name == f"link:{name}"]
            session.advance(1.0)
            wire.attach([link], {name: (LOOPBACK, listens)})
            until = time.monotonic() + _LATE_S
            while session.now < _LASTS and time.monotonic() < until:
                session.advance(session.now + HOUR)
        if session.now < _LASTS:
            raise InputError(f"SCADA waited for {_PROXY} so long that it was stopped")
        run = session.conclude()
    last = outcomes[0].output.splitlines()[-1:] if outcomes else []
    told = f"; {_PROXY}'s last line: {last[0]}" if last else ""
    return _verdicts(run.scada, run.plc, point, link.tags, draws["higher_by_m"], told)


@contextlib.contextmanager
def _proxy(folder: Path, port: int) -> Iterator[tuple[int, list[sandbox.Outcome]]]:
    """Run a proxy before a PLC's port; give its own port once it listens, and later its end."""
    over, listens = threading.Event(), free_port()
    outcomes: list[sandbox.Outcome] = []

    def run() -> None:
        command = [sys.executable, _PROXY, str(listens), str(port)]
        seconds = _READY_S + _LATE_S
        outcomes.append(sandbox.run(command, folder, seconds=seconds, ended=over.is_set))

    runs = threading.Thread(target=run)
    runs.start()
    try:
        until = time.monotonic() + _READY_S
        while runs.is_alive() and time.monotonic() < until and not _answers(listens):
            time.sleep(0.1)
        yield listens, outcomes
    finally:
        over.set()
        runs.join()


def _answers(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=1.0).close()
    except OSError:
        return False
    return True


def _verdicts(
    scada: pd.DataFrame,
    plc: pd.DataFrame,
    point: Point,
    tags: tuple[str, ...],
    asked: float,
    told: str,
) -> Verdicts:
    """Return the verdicts on what SCADA showed beside what the PLC held, poll by poll."""
    apart = {
        tag: (scada[tag] - plc[f"{point.plc}.{tag}"]).loc[1.0:].to_numpy(dtype=float)
        for tag in tags
    }
    mine = apart.pop(point.tag)
    near = _NEAR + 0.5 / point.scale
    often = float(np.mean(np.abs(mine - asked) <= near))
    said = f"SCADA shows {point.tag} {np.nanmedian(mine):.1f} m higher, {asked:g} asked"
    if often < _OFTEN:
        said += told
        return LAB.none(said if often < 0.05 else f"in {often:.0%} of the polls only: {said}")
    changed = [tag for tag, each in apart.items() if np.max(np.abs(each)) > 1e-9]
    others = f"{', '.join(changed)} changed too" if changed else "the other tags are as they were"
    return {
        "difference": Verdict(1.0, said),
        "others": Verdict(0.0 if changed else 1.0, others),
    }


LAB = Lab(
    number=3,
    name="man-in-the-middle",
    title="The man in the middle",
    minutes=90,
    hands_in=(_PROXY,),
    technique="T0830 Adversary-in-the-Middle",
    criteria=(
        Criterion(
            "difference",
            70,
            f"SCADA shows the tag higher than the PLC holds it by what is asked, within "
            f"{_NEAR:g} m, in {_OFTEN:.0%} of the polls",
        ),
        Criterion("others", 30, "SCADA shows the PLC's other tags as they are, once it differs"),
    ),
    draw=_draw,
    start=_start,
    solve=_solve,
    examine=_examine,
    limit_s=180.0,
)
