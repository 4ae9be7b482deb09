"""How fast the twin is: the full loop measured beside bare EPANET and other simulators."""

from __future__ import annotations

import importlib.util
import multiprocessing
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import epanet
import wntr
from epanet_plus import EpanetConstants as EN
from epanet_plus import EPyT

from twin.plants.spec import PlantSpec, load_plant
from twin.testbed import Testbed
from twin.units import DAY, HOUR

if sys.platform == "win32":
    import psutil
else:
    import resource  # psutil knows no peak there

_ROUNDS = 5
GROWTH = (7, 30, 365)
"""Durations over which the loop's time and memory are watched [days]."""


@dataclass(frozen=True)
class Growth:
    """Time and memory of the full loop over one duration, in a process of its own.

    Attributes
    ----------
    days : int
    seconds : float
    peak_mb : float
        The process's peak memory, libraries included [MB].
    """

    days: int
    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Speed:
    """The measured times and memory.

    Attributes
    ----------
    days : int
        Length of the comparison of loop and bare.
    bare_s, loop_s : float
        Median seconds of each for `days`; taken in turn, `_ROUNDS` times.
    ratio : float
        The loop's time over bare EPANET's: the median over the rounds.
    peers : dict of str to float
        Seconds for a simulated hour.
    growth : tuple of Growth
    """

    days: int
    bare_s: float
    loop_s: float
    ratio: float
    peers: dict[str, float]
    growth: tuple[Growth, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return {
            "days": self.days,
            "bare_s": self.bare_s,
            "loop_s": self.loop_s,
            "ratio": self.ratio,
            "peak_mb": max((grown.peak_mb for grown in self.growth), default=None),
            "hour_s": {"bare": self.bare_s / self.days / 24, "loop": self.loop_s / self.days / 24},
            "peers": self.peers,
            "growth": [vars(grown) for grown in self.growth],
        }


def measure_speed(
    days: int, growth: tuple[int, ...] = GROWTH, tell: Callable[[str], None] = print
) -> Speed:
    """Measure the twin's speed.

    Parameters
    ----------
    days : int
        Length of the comparison of loop and bare EPANET.
    growth : tuple of int
        Durations over which the loop is measured alone [days].
    tell : callable
        Called with what is being measured now.
    """
    plant = load_plant("ctown")
    _loop(plant, 1)  # what is built once is not measured
    bare, loop = [], []
    for turn in range(_ROUNDS):
        tell(f"bare EPANET and the full loop, {days} days, round {turn + 1} of {_ROUNDS}")
        bare.append(_timed(partial(_bare, plant, days)))
        loop.append(_timed(partial(_loop, plant, days)))
    peers = {}
    for name, (length, run) in _PEERS.items():
        if name == "epyt-flow" and importlib.util.find_spec("epyt_flow") is None:
            tell("epyt-flow is not installed, and not measured")
            continue
        tell(f"{name}, {length / HOUR:g} hours")
        peers[name] = _timed(partial(run, plant, length)) / (length / HOUR)
    grown = []
    for length in growth:
        tell(f"the full loop alone, {length} days")
        # A fresh process: peak memory only ever rises within one.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            grown.append(pool.apply(_grow, (length,)))
    ratio = statistics.median(b / a for a, b in zip(bare, loop, strict=True))
    return Speed(days, statistics.median(bare), statistics.median(loop), ratio, peers, tuple(grown))


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _bare(plant: PlantSpec, days: int) -> None:
    """Step the same network at the same step with the INP's own controls, reading nothing."""
    with tempfile.TemporaryDirectory() as folder:
        engine = EPyT(
            str(plant.folder / "network.inp"),
            use_project=True,
            rpt_file_out=str(Path(folder) / "bare.rpt"),
            out_file=str(Path(folder) / "bare.out"),
        )
        engine.set_error_handling(raise_exception_on_error=False, warn_on_error=False)
        project = engine.ph
        epanet.EN_settimeparam(project, EN.EN_DURATION, int(days * DAY))
        epanet.EN_settimeparam(project, EN.EN_REPORTSTEP, int(days * DAY))
        epanet.EN_settimeparam(project, EN.EN_HYDSTEP, plant.step)
        epanet.EN_openH(project)
        epanet.EN_initH(project, 10)
        while True:
            epanet.EN_runH(project)
            if epanet.EN_nextH(project)[1] == 0:
                break
        epanet.EN_closeH(project)
        epanet.EN_close(project)
        engine.deleteproject()


def _loop(plant: PlantSpec, days: int) -> None:
    """Run PLCs, links, SCADA and the historian, writing truth and view to Parquet."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Testbed(plant, warmup=0.0, folder=Path(folder)) as testbed,
    ):
        for _ in testbed.run(days * DAY):
            pass


def _grow(days: int) -> Growth:
    plant = load_plant("ctown")
    seconds = _timed(partial(_loop, plant, days))
    return Growth(days, seconds, peak_mb())


def peak_mb() -> float:
    """Return the most memory that this process has had so far [MB]."""
    return _peak_bytes() / 2**20


def _peak_bytes() -> int:
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024  # in KiB but on macOS


def _epanet_simulator(plant: PlantSpec, seconds: float) -> None:
    model = plant.read_model()
    model.options.time.duration = int(seconds)
    with tempfile.TemporaryDirectory() as folder:
        wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(Path(folder) / "wntr"))


def _wntr_stepwise(plant: PlantSpec, seconds: float) -> None:
    """Run WNTRSimulator a step at a time, continuing the same model each time."""
    model = plant.read_model()
    for end in range(plant.step, int(seconds) + 1, plant.step):
        model.options.time.duration = end
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of WNTR's fit of three-point pump curves
            wntr.sim.WNTRSimulator(model).run_sim()


def _epyt_flow(plant: PlantSpec, seconds: float) -> None:
    from epyt_flow.data.networks import ScenarioConfig
    from epyt_flow.simulation import ScenarioSimulator

    config = ScenarioConfig(f_inp_in=str(plant.folder / "network.inp"))
    with ScenarioSimulator(scenario_config=config) as simulator:
        simulator.set_general_parameters(
            simulation_duration=int(seconds), hydraulic_time_step=plant.step
        )
        simulator.set_pressure_sensors(sensor_locations=simulator.sensor_config.nodes)
        simulator.set_flow_sensors(sensor_locations=simulator.sensor_config.links)
        simulator.run_simulation()


_PEERS: dict[str, tuple[float, Callable[[PlantSpec, float], None]]] = {
    "wntr-epanet": (7 * DAY, _epanet_simulator),
    "wntr-stepwise": (6 * HOUR, _wntr_stepwise),
    "epyt-flow": (7 * DAY, _epyt_flow),
}
