"""The WNTR model of a plant as the engine steps it: without controls, in L/s and metres."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

import wntr

from twin.errors import InputError
from twin.plants import pressure
from twin.plants.spec import PlantSpec
from twin.units import DAY

_KW_PER_HP = 0.7457
_RISE = 0.1  # m; EPANET wants a required pressure so far above the minimum
_MODELS: WeakKeyDictionary[PlantSpec, dict[Physics, tuple[wntr.network.WaterNetworkModel, str]]] = (
    WeakKeyDictionary()
)


class Physics(NamedTuple):
    """What is asked of a model; as the parameters of `twin.water.plant.Plant`."""

    clock: int
    pressure_driven: bool
    required_pressure: float
    accuracy: float | None


def stepped(spec: PlantSpec, physics: Physics) -> tuple[wntr.network.WaterNetworkModel, str]:
    """Return a plant's model, to look at and not to change, and as an INP file's contents.

    It is built once for each physics: runs of one `PlantSpec` share it.
    """
    models = _MODELS.setdefault(spec, {})
    if physics not in models:
        model = without_controls(spec, physics)
        models[physics] = model, as_inp(model)
    return models[physics]


def without_controls(spec: PlantSpec, physics: Physics) -> wntr.network.WaterNetworkModel:
    """Return a fresh model without controls, in which `DMA1-now` is what DMA1's profile draws."""
    model = spec.read_model()
    options = model.options.hydraulic
    if physics.accuracy is not None:
        options.accuracy = physics.accuracy
    options.demand_model = "PDA" if physics.pressure_driven else "DDA"
    if physics.pressure_driven:
        least = options.minimum_pressure + _RISE
        if physics.required_pressure < least:
            raise InputError(
                f"required_pressure is at least {least:g} m with this network.inp, whose MINIMUM "
                f"PRESSURE is {options.minimum_pressure:g} m, not {physics.required_pressure:g} m",
                keys=["required_pressure"],
            )
        options.required_pressure = physics.required_pressure
    for name in list(model.control_name_list):
        model.remove_control(name)
    for dma in spec.profiled:
        pattern = f"{dma}-now"
        model.add_pattern(pattern, [1.0])
        for junction in spec.dmas[dma]:
            for demand in model.get_node(junction).demand_timeseries_list:
                if str(demand.pattern_name) in spec.profiled_patterns:
                    demand.pattern_name = pattern
    times = model.options.time
    shift = times.pattern_start + physics.clock - times.start_clocktime
    times.pattern_start = int(shift % (7 * DAY))
    driven = {name for plc in spec.plcs.values() for name in plc.actuators}
    for name, pump in model.pumps():
        if name in driven:
            pump.speed_pattern_name = None  # EPANET would apply it over what the PLC commands
        if pump.pump_type == "POWER":
            # EPANET 2.3.6 runs one of a file in metric units 1/0.7457 times too strong.
            pump.power *= _KW_PER_HP
    if not any(junction.emitter_coefficient for _, junction in model.junctions()):
        options.emitter_exponent = 0.5  # an orifice's, for leaks
    return model


def as_inp(model: wntr.network.WaterNetworkModel) -> str:
    """Return a model as an INP file's contents, in L/s and metres."""
    pressure.metric(model)
    with tempfile.TemporaryDirectory(prefix="hydrotwin-") as folder:
        file = Path(folder) / "model.inp"
        wntr.network.write_inpfile(model, str(file), units="LPS")
        return file.read_text(encoding="utf-8")
