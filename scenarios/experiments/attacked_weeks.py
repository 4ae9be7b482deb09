"""Weeks of a plant under attack, drawn from families of the catalogue, with labels."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from detector.metrics import Bools
from detector.records.record import DECIMALS
from scenarios.definition.scenario import Scenario
from scenarios.definition.schema import from_data
from scenarios.experiments.plant_card import plant_card
from scenarios.results.impact import deviating
from scenarios.results.labels import aftermath, attacked
from scenarios.results.run import Run
from scenarios.simulation.run import run
from twin.plants.spec import PlantSpec
from twin.seeds import generator
from twin.testbed import START
from twin.units import HOUR

Draw = np.random.Generator
Entry = dict[str, Any]

_DAYS, _WARMUP_DAYS = 7, 5
_EARLIEST, _LATEST = 24, 60  # h; an attack begins between these
_SHORTEST, _LONGEST = 24, 100  # h


@dataclass(frozen=True)
class Control:
    """A pump or valve that a PLC drives by a level.

    Attributes
    ----------
    actuator, plc, level : str
        The level is a tag.
    opens, closes : float
        Thresholds [m].
    sensed_by : str
        The PLC that measures the level.
    rim : float
        The highest level [m].
    """

    actuator: str
    plc: str
    level: str
    opens: float
    closes: float
    sensed_by: str
    rim: float

    @property
    def wire(self) -> str:
        """The port on which the PLC receives the level."""
        source = self.level.partition("_")[2] if self.sensed_by == self.plc else self.sensed_by
        return f"link:{source}->{self.plc}"


def controls_of(spec: PlantSpec) -> list[Control]:
    """Return the pumps and valves of a plant that PLCs drive by a level."""
    card = plant_card(spec)
    return [
        Control(
            each["actuator"],
            each["plc"],
            each["level"],
            each["opens_below"],
            each["closes_above"],
            card["points"][each["level"]]["plc"],
            float(spec.model.get_node(card["points"][each["level"]]["element"]).max_level),
        )
        for each in card["controls"]
        if {"level", "opens_below", "closes_above"} <= set(each)
    ]


def _pick(rng: Draw, choices: Sequence[Any]) -> Any:
    return choices[int(rng.integers(len(choices)))]


def _between(rng: Draw, low: float, high: float) -> float:
    return round(float(rng.uniform(low, high)), 2)


def _level(rng: Draw, control: Control, spec: PlantSpec) -> list[Entry]:
    """Tell the PLC another level than there is."""
    does: tuple[Entry, ...] = (
        {"constant": {"value": _between(rng, 0.1, control.rim)}},
        {"offset": {"by": _between(rng, 0.4, 3.0) * _pick(rng, (-1, 1))}},
        {"scale": {"factor": _between(rng, 0.3, 1.6)}},
        {"freeze": {}},
    )
    return [{"on": control.wire, "tags": [control.level], "do": _pick(rng, does)}]


def _command(rng: Draw, control: Control, spec: PlantSpec) -> list[Entry]:
    """Drive a pump or valve past its PLC; of pumps that never run, one at times."""
    idle = [link for plc in spec.plcs.values() for link in plc.actuators
            if link not in {each.actuator for each in controls_of(spec)}]  # fmt: skip
    actuator = _pick(rng, idle) if idle and rng.random() < 0.15 else control.actuator
    does: list[Entry] = [{"force": {"to": "open"}}, {"force": {"to": "closed"}}, {"invert": {}}]
    if actuator in spec.model.pump_name_list:
        does.append({"force": {"to": _between(rng, 0.5, 0.95)}})
    return [{"on": f"actuator:{actuator}", "do": _pick(rng, does)}]


def _setpoint(rng: Draw, control: Control, spec: PlantSpec) -> list[Entry]:
    """Change the thresholds of a PLC's rules."""
    low = _between(rng, 0.2, control.rim - 0.6)
    high = _between(rng, low + 0.2, control.rim)
    do = {"setpoint": {"actuators": [control.actuator], "opens_below": low, "closes_above": high}}
    return [{"on": f"plc:{control.plc}", "do": do}]


def _time(rng: Draw, control: Control, spec: PlantSpec) -> list[Entry]:
    """Keep a level from the PLC, or let it come late."""
    does: tuple[Entry, ...] = ({"drop": {}}, {"delay": {"by": f"{int(rng.integers(1, 9))} h"}})
    return [{"on": control.wire, "tags": [control.level], "do": _pick(rng, does)}]


def _view(rng: Draw, control: Control, spec: PlantSpec) -> list[Entry]:
    """Show the operator other readings than there are; the water is left alone."""
    plc = _pick(rng, [each.name for each in spec.plcs.values()])
    shown = [tag.name for tag in spec.tags if tag.plc == plc]
    entry: Entry = {"on": f"link:{plc}->SCADA", "do": _hide(rng)}
    if rng.random() < 0.4:
        count = int(rng.integers(1, len(shown) + 1))
        entry["tags"] = sorted(rng.choice(shown, count, replace=False).tolist())
    return [entry]


def _process(rng: Draw, control: Control, spec: PlantSpec) -> list[Entry]:
    """Take water from a pipe or a district."""
    if rng.random() < 0.5:
        pipe = _pick(rng, spec.model.pipe_name_list)
        return [{"on": f"plant:{pipe}", "do": {"leak": {"area": _between(rng, 1, 6) / 1000}}}]
    factor = _pick(rng, (_between(rng, 0.3, 0.8), _between(rng, 1.2, 1.8)))
    return [{"on": f"plant:{_pick(rng, list(spec.dmas))}", "do": {"demand": {"factor": factor}}}]


def _hide(rng: Draw) -> Entry:
    """Return what makes a view look normal."""
    replay = {"replay": {"window": f"{_pick(rng, (24, 48, 72))} h"}}
    noisy = {"replay": {"window": "48 h", "noise": _between(rng, 0.05, 0.3)}}
    return dict(_pick(rng, (replay, replay, noisy, {"freeze": {}})))


def _concealed(rng: Draw, control: Control, spec: PlantSpec) -> list[Entry]:
    """Do one of the others to the water, and hide the level, the PLC's own tags, or both."""
    entries = _pick(rng, (_level, _command, _setpoint, _time))(rng, control, spec)
    falling = [[f"{20 * i} h", -round(float(depth), 2)]
               for i, depth in enumerate(np.sort(rng.uniform(0.2, 2.5, 3)))]  # fmt: skip
    level_does = (_hide(rng), {"constant": {"value": _between(rng, control.opens, control.closes)}},
                  {"polyline": {"points": falling, "staircase": True}})  # fmt: skip
    hide_level = {"on": f"link:{control.sensed_by}->SCADA", "tags": [control.level],
                  "do": _pick(rng, level_does)}  # fmt: skip
    station = {"on": f"link:{control.plc}->SCADA", "do": _hide(rng)}
    own = [tag.name for tag in spec.tags if tag.plc == control.plc
           and tag.name != control.level]  # fmt: skip
    if rng.random() < 0.5:
        own = [tag for tag in own if tag.endswith(f"_{control.actuator}") or tag[0] == "P"]
    station["tags"] = own
    return [*entries, *_pick(rng, ([hide_level], [station], [hide_level, station]))]


FAMILIES: Mapping[str, Callable[[Draw, Control, PlantSpec], list[Entry]]] = {
    "level": _level,
    "command": _command,
    "setpoint": _setpoint,
    "time": _time,
    "view": _view,
    "process": _process,
    "concealed": _concealed,
}
"""What is drawn, by family; `concealed` counts for as much as three of the others."""

_ROUND = (*FAMILIES, "concealed", "concealed")


def attacked_week(spec: PlantSpec, number: int, seed: int) -> tuple[str, Scenario]:
    """Draw a week with one incident.

    Parameters
    ----------
    spec : PlantSpec
        Of the plant named by `spec.name`.
    number : int
        Of the week: it decides the family, in turn.
    seed : int
        Of all weeks.

    Returns
    -------
    tuple
        The family and the scenario.
    """
    rng = generator(seed, f"attacked week {number}")
    family = _ROUND[number % len(_ROUND)]
    entries = FAMILIES[family](rng, _pick(rng, controls_of(spec)), spec)
    begin = int(rng.integers(_EARLIEST * 12, _LATEST * 12)) * 5  # min
    length = int(rng.integers(_SHORTEST, _LONGEST + 1))
    when = {"from": f"{begin} min", "for": f"{length} h"}
    data = {
        "name": f"week-{number}",
        "plant": spec.name,
        "start": (START + timedelta(days=int(rng.integers(364)))).isoformat(sep=" "),
        "duration": f"{_DAYS} d",
        "warmup": f"{_WARMUP_DAYS} d",
        "seed": int(rng.integers(2**31)),
        "attacks": [{**entry, "incident": "incident", "when": when} for entry in entries],
        "detector": None,
    }
    return family, from_data(data)


@dataclass(frozen=True)
class AttackedWeek:
    """The hourly rows of an attacked week, as SCADA showed them.

    Attributes
    ----------
    family : str
    start : datetime
        Of row 0.
    table : DataFrame
        A column a tag, two decimals, ``(T, tags)``, indexed by time [s].
    labels : ndarray of shape (T,)
        Which rows are under attack.
    unseen : ndarray of shape (T,)
        Which of these come before the first that shows anything of it.
    aftermath : ndarray of shape (T,)
        Which rows come after the attack, while the water still deviates.
    """

    family: str
    start: Any
    table: pd.DataFrame
    labels: Bools
    unseen: Bools
    aftermath: Bools


def attacked_weeks(spec: PlantSpec, count: int, seed: int) -> Iterator[AttackedWeek]:
    """Simulate weeks one after the other, as coarsely solved as the record; see `attacked_week`."""
    with TemporaryDirectory() as folder:
        plant = coarse(spec, Path(folder) / spec.folder.name)
        for number in range(count):
            family, scenario = attacked_week(spec, number, seed)
            made = run(replace(scenario, plant=str(plant)), watch=False)
            yield week_of(family, made)


def coarse(spec: PlantSpec, folder: Path) -> Path:
    """Copy a plant into a folder, to be solved at EPANET's accuracy of .01 as the record was."""
    shutil.copytree(spec.folder, folder)
    network = folder / "network.inp"
    text = network.read_text(encoding="utf-8")
    text, found = re.subn(r"(?m)^(ACCURACY\s+)\S+", r"\g<1>0.01", text)
    assert found == 1, "a coarse plant needs one line of ACCURACY to change"
    network.write_text(text, encoding="utf-8")
    return folder


def week_of(family: str, made: Run) -> AttackedWeek:
    """Return the hourly rows of a run that was compared with its pair."""
    assert made.paired is not None
    table = made.scada[made.scada.index % HOUR == 0].round(DECIMALS)
    times = table.index.to_numpy(dtype=float)
    labels = attacked(made.labels, times)
    shows = np.array([bool(tags) for tags in deviating(table, made.paired, made.spec)])
    return AttackedWeek(
        family=family,
        start=made.scenario.start,
        table=table,
        labels=labels,
        unseen=labels & ~np.logical_or.accumulate(shows & labels),
        aftermath=aftermath(made.labels, times),
    )
