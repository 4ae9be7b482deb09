"""Lab 2, a spoofed command: a program writes to a PLC until a tank overflows."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scenarios.labs import sandbox
from scenarios.labs.lab import SHEETS, SOLUTIONS, Criterion, Draws, Lab, Verdict, Verdicts
from scenarios.labs.plant import modbus, points_of, scenario_of, write_ports
from scenarios.labs.registers import point_of
from scenarios.live.plant import LivePlant
from scenarios.results.run import Run
from scenarios.simulation.pace import Pace
from scenarios.simulation.session import Session
from twin.errors import InputError
from twin.servers.image import HEARTBEAT
from twin.servers.registers import COIL, HOLDING, INPUT, write_map
from twin.units import HOUR, counted

_SCRIPT, _MAP = "attack.py", "registers.csv"
_FILLS = {
    "T3": ("PLC3", ("PU4", "PU5")),
    "T4": ("PLC3", ("PU6", "PU7")),
    "T5": ("PLC5", ("PU8",)),
    "T7": ("PLC5", ("PU10", "PU11")),
}
"""The tanks there are to overflow: which PLC fills them, with which pumps."""
_WITHIN = 8 * HOUR  # from the first write to the overflow
_LONGEST = 32 * HOUR  # of the plant, in which the script may wait
_WRITES, _MANY = 2, 6  # values written: all points up to, and none from
_SPEED = HOUR  # simulated seconds a second
_LATE_S = 100.0  # real seconds after which the plant is not waited for


def _draw(rng: np.random.Generator) -> Draws:
    return {"map": int(rng.integers(2**31)), "tank": str(rng.choice(sorted(_FILLS)))}


def _start(draws: Draws, folder: Path) -> None:
    plc, _ = _FILLS[draws["tank"]]
    points = points_of(draws)
    (folder / _MAP).write_text(write_map(points), encoding="utf-8")
    clock = point_of(points, HEARTBEAT, plc, HOLDING).address
    level = point_of(points, _level(draws), plc, INPUT)
    text = (SHEETS / LAB.name / "attack.py.txt").read_text(encoding="utf-8")
    words = {"PLC": plc, "TANK": draws["tank"], "CLOCK": clock, "LEVEL": level.address,
             "SCALE": f"{level.scale:g}"}  # fmt: skip
    (folder / _SCRIPT).write_text(_filled(text, words), encoding="utf-8")


def _level(draws: Draws) -> str:
    return f"L_{draws['tank']}"


def _solve(draws: Draws, folder: Path) -> None:
    plc, pumps = _FILLS[draws["tank"]]
    points = points_of(draws)
    coils = [point_of(points, pump, plc, COIL).address for pump in pumps]
    text = (SOLUTIONS / LAB.name / "attack.py.txt").read_text(encoding="utf-8")
    (folder / _SCRIPT).write_text(_filled(text, {"PLC": plc, "COILS": coils}), encoding="utf-8")


def _filled(text: str, words: dict[str, object]) -> str:
    for name, word in words.items():
        text = text.replace(f"<{name}>", str(word))
    return text


def _examine(hand_in: Path, draws: Draws, seed: int) -> Verdicts:
    session = Session.open(scenario_of(seed, _LONGEST), watch=False, pair=False, pace=Pace())
    with session, tempfile.TemporaryDirectory(prefix="attack-") as place:
        (Path(place) / _SCRIPT).write_bytes((hand_in / _SCRIPT).read_bytes())
        plant = LivePlant(session, Pace(_SPEED))
        with (
            modbus(points_of(draws), plant.image, plant.write) as ports,
            _started(plant),
        ):
            write_ports(Path(place), ports)
            ended = _run_script(plant, Path(place))
        writes = [write.time for write in plant.audit.writes()]
        if not writes:
            raise InputError(f"{_SCRIPT} wrote nothing to a PLC{ended}")
        return _verdicts(session.conclude(), draws, writes)


@contextlib.contextmanager
def _started(plant: LivePlant) -> Iterator[None]:
    """Let a plant run in the block, once its warm-up is over."""
    plant.start()
    try:
        until = time.monotonic() + _LATE_S
        while plant.snapshot.time <= 0 and time.monotonic() < until:
            time.sleep(0.02)
        yield
    finally:
        plant.stop(_LATE_S)


def _run_script(plant: LivePlant, folder: Path) -> str:
    """Run a script against a plant until it is decided; return how the script ended, in words."""
    over = threading.Event()
    until = time.monotonic() + _LATE_S
    outcomes: list[sandbox.Outcome] = []

    def run() -> None:
        command = [sys.executable, _SCRIPT]
        outcomes.append(sandbox.run(command, folder, seconds=_LATE_S, ended=over.is_set))

    script = threading.Thread(target=run)
    script.start()
    try:
        while plant.snapshot.status == "running" and time.monotonic() < until:
            writes = plant.audit.writes()
            if writes and plant.snapshot.time > writes[0].time + _WITHIN:
                break
            if not writes and not script.is_alive():
                break
            time.sleep(0.05)
    finally:
        over.set()
        script.join()
    last = outcomes[0].output.splitlines()[-1:]
    return f"; its last line: {last[0]}" if last else ""


def _verdicts(run: Run, draws: Draws, writes: list[float]) -> Verdicts:
    tank, first = draws["tank"], writes[0]
    spilled = run.truth[f"overflow_{tank}_m3"]
    before = float(spilled.loc[:first].max())
    over = spilled.index[spilled > before + 0.1]
    if not len(over) or over[0] > first + _WITHIN:
        highest = run.truth[_level(draws)].loc[first:].max()
        said = f"{tank} did not overflow within {_WITHIN / HOUR:g} h: {highest:.2f} m at most"
        return LAB.none(said)
    minutes = (float(over[0]) - first) / 60.0
    said = f"{counted(len(writes), 'value')} written, {_WRITES} are enough"
    few = float(np.interp(len(writes), [_WRITES, _MANY], [1.0, 0.0]))
    return {
        "overflow": Verdict(1.0, f"{tank} overflowed {minutes:.0f} min after the first write"),
        "few writes": Verdict(few, said),
    }


LAB = Lab(
    number=2,
    name="spoofed-command",
    title="A spoofed command",
    minutes=60,
    hands_in=(_SCRIPT,),
    technique="T0855 Unauthorized Command Message",
    criteria=(
        Criterion(
            "overflow",
            60,
            f"the tank overflows within {_WITHIN / 60:g} plant minutes of the first write",
        ),
        Criterion(
            "few writes",
            40,
            f"at most {_WRITES} values are written (none of it from {_MANY}), once it overflows",
        ),
    ),
    draw=_draw,
    start=_start,
    solve=_solve,
    examine=_examine,
    limit_s=150.0,
)
