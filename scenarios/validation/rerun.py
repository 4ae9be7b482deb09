"""The twin run again through a window of a record: freely, or an hour ahead of each row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scenarios.definition.scenario import Scenario
from scenarios.validation.hidden_readings import level_bounds
from scenarios.validation.particle_filter import sample_unrounded
from scenarios.validation.reconstruction import Reconstruction
from scenarios.validation.record_window import RecordWindow, WindowRun
from twin.plants.spec import PlantSpec
from twin.tags import Values
from twin.water.demand import Playback

_SAMPLED, _KEPT = 24, 8  # initial conditions


def free_run(
    spec: PlantSpec, scenario: Scenario, window: RecordWindow, state: Reconstruction
) -> tuple[Values, Values]:
    """Run from the state at the window's start to its end; return view and truth (rows, tags)."""
    restarts = np.arange(len(window.rows)) <= window.lead
    return _run_restarted(spec, scenario, window, state, restarts)


def one_step_ahead(
    spec: PlantSpec, scenario: Scenario, window: RecordWindow, state: Reconstruction
) -> tuple[Values, Values]:
    """Forecast each row from the state at the one before; return view and truth (rows, tags).

    Two runs, each restarted at every other row, give all forecasts.
    """
    rows = np.arange(len(window.rows))
    even, odd = (
        _run_restarted(spec, scenario, window, state, (rows < window.lead) | (rows % 2 == rest))
        for rest in (0, 1)
    )
    is_even = (rows % 2 == 0)[:, None]
    return np.where(is_even, odd[0], even[0]), np.where(is_even, odd[1], even[1])


def initial_conditions(
    spec: PlantSpec,
    scenario: Scenario,
    window: RecordWindow,
    state: Reconstruction,
    unit: Values,
) -> list[Reconstruction]:
    """Return several initial conditions of a free run, within the rounding of the first row.

    A rule's instant is missed or not by half a second, and a level rounded to a centimetre says
    nothing of that: of some levels that round to the row's own, those are taken from which a run
    meets the rows before the attack best. Several of them, for after a day or two even the last
    bits of an inferred demand, which differ from one processor to the next, decide.

    Parameters
    ----------
    spec : PlantSpec
    scenario : Scenario
        Without attacks.
    window : RecordWindow
    state : Reconstruction
    unit : ndarray of shape (tags,)
        What each tag's difference is divided by; infinite for what does not count.

    Returns
    -------
    list of Reconstruction
        The best first.
    """
    first = window.lead
    calibration = RecordWindow(window.start, window.rows[: state.before_attack], first)
    rims = level_bounds(spec)[1]
    rng = np.random.default_rng(scenario.seed)
    sampled: list[tuple[float, Reconstruction]] = []
    for number in range(_SAMPLED):
        rows = state.rows.copy()
        if number:
            rows[first] = sample_unrounded(state.rows[first], rims, rng)
        initial = replace(state, rows=rows)
        view, _ = free_run(spec, scenario, calibration, initial)
        off = (view - calibration.rows)[first:] / unit
        sampled.append((float(np.sum(off**2)), initial))
    sampled.sort(key=lambda pair: pair[0])
    return [initial for _, initial in sampled[:_KEPT]]


def _run_restarted(
    spec: PlantSpec,
    scenario: Scenario,
    window: RecordWindow,
    state: Reconstruction,
    restarts: NDArray[np.bool_],
) -> tuple[Values, Values]:
    """Return view and truth of a run under the demands of `state`, restarted from some rows."""
    run = WindowRun(spec, scenario, window)

    def on_row(place: int) -> None:
        if restarts[place]:
            run.testbed.impose(state.rows[place])

    demands = np.vstack([state.demands, state.demands[-1:]])[: len(window.rows) + 1]
    return run.run(Playback(demands), on_row)
