"""The state behind a window of a record: its demands, and the readings that attacks hid."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from attacks.entries.entry import Entry
from scenarios.definition.scenario import Scenario
from scenarios.validation.hidden_readings import HiddenReadings
from scenarios.validation.particle_filter import ParticleFilter
from scenarios.validation.record_window import RecordWindow, WindowRun
from twin.plants.spec import PlantSpec
from twin.tags import Values


@dataclass(frozen=True)
class Reconstruction:
    """A window's rows and demands, reconstructed.

    Attributes
    ----------
    rows : ndarray of shape (rows, tags)
        The record's rows, hidden readings replaced by reconstructed ones.
    demands : ndarray of shape (rows, DMAs)
        The demand multipliers behind them.
    before_attack : int
        Rows before the first at which an attack acts.
    """

    rows: Values
    demands: Values
    before_attack: int


def reconstruct(spec: PlantSpec, scenario: Scenario, window: RecordWindow) -> Reconstruction:
    """Infer the demands behind every row, and reconstruct what its falsified tags hide.

    The twin runs through the window, restarted at each row from what is reconstructed of it, so
    that a level or status that is hidden has a one-step-ahead forecast. Where only levels are
    hidden and no row determines them, a particle filter follows them instead.
    """
    run = WindowRun(spec, scenario, window)
    count = len(window.rows)
    state = Reconstruction(window.rows.copy(), np.empty((count, len(spec.profiled))), count)
    masks = [
        np.array([name in hidden_tags(spec, armed.entry) for name in spec.tag_names])
        for armed in run.armed
    ]
    hidden, acting = np.zeros(window.rows.shape, dtype=bool), np.zeros(count, dtype=bool)
    levels = np.array([tag.quantity == "level" for tag in spec.tags])
    with HiddenReadings(spec) as readings:

        def on_row(place: int) -> None:
            for armed, mask in zip(run.armed, masks, strict=True):
                hidden[place] |= mask & armed.active
                acting[place] |= armed.active
            state.rows[place], state.demands[place] = readings.reconstruct(
                window.rows[place], hidden[place], run.settings()
            )
            run.testbed.impose(state.rows[place])
            run.testbed.plant.set_demands(state.demands[place])

        run.run(_NoDemand(len(spec.profiled)), on_row)
        first = int(np.argmax(hidden.any(axis=1)))
        places = np.flatnonzero(hidden[first])
        only_levels = places.size > 0 and not (hidden & ~levels).any()
        if only_levels and not readings.observable(state.rows[first], places):
            _filter_levels(spec, scenario, window, state, hidden)
    return replace(state, before_attack=int(np.argmax(acting))) if acting.any() else state


def _filter_levels(
    spec: PlantSpec,
    scenario: Scenario,
    window: RecordWindow,
    state: Reconstruction,
    hidden: NDArray[np.bool_],
) -> None:
    """Replace levels that no row determines by those of a particle filter; changes `state`."""
    last = int(np.flatnonzero(hidden.any(axis=1))[-1])
    with ParticleFilter(spec, scenario, len(window.rows) - window.lead) as particles:
        for place in range(window.lead, last + 1):
            if hidden[place].any():
                state.rows[place], state.demands[place] = particles.update(
                    window.rows[place], hidden[place]
                )
            else:
                particles.advance(state.rows[place], state.demands[place])


class _NoDemand:
    """No demand at all, until a watcher sets one."""

    def __init__(self, count: int):
        self._none = np.zeros(count)

    def next_hour(self) -> Values:
        """Return zeros; shape (DMAs,)."""
        return self._none


def hidden_tags(spec: PlantSpec, entry: Entry) -> frozenset[str]:
    """Return the tags whose truth cannot be read from SCADA's rows while an entry acts.

    They are those falsified on their way to SCADA, and the status of a pump that may run at
    another speed.
    """
    port = entry.port
    if port.family == "sensor":
        return frozenset([port.target])
    if port.family == "actuator":
        statuses = [tag for tag in spec.tags if tag.quantity == "status"]
        return frozenset(tag.name for tag in statuses if tag.element == port.target)
    if port.family == "link":
        passing = {
            tag.name
            for tag in spec.tags
            for sender, reader in ((tag.plc, "SCADA"), (tag.element, tag.plc))
            if fnmatch.fnmatchcase(sender, port.sender)
            and fnmatch.fnmatchcase(reader, port.receiver)
        }
        return frozenset(passing & set(entry.tags) if entry.tags else passing)
    return frozenset()
