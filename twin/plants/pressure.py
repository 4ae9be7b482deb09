"""Pressures of an EPANET file in metres, where WNTR takes its numbers for other units.

EPANET 2.3 takes pressures in the unit that `PRESSURE` in [OPTIONS] names, and otherwise in psi with
US flow units and in metres with metric ones; psi, kPa and bar it weighs with the specific gravity.
Emitters' coefficients are for psi or metres by the flow units alone. WNTR goes by these always,
with water of gravity 1, and converts every emitter as if its exponent were 0.5.
"""

from __future__ import annotations

from typing import Any

from wntr.epanet.util import FlowUnits, HydParam, to_si

_FOOT = 0.3048
_PSI = 0.4333  # psi in a foot of water, as EPANET has it
_PER_FOOT = {"PSI": _PSI, "KPA": _PSI * 6.895, "BAR": _PSI * 0.068948}
_LENGTHS = {"METERS": 1.0, "FEET": _FOOT}
VALVES = ("PRV", "PSV", "PBV")
"""Types of valves whose setting is a pressure."""


def metres(model: Any) -> float:
    """Return what one unit of pressure in a model's file is in metres of its liquid."""
    return _metres(model, str(model.options.hydraulic.inpfile_pressure_units or "").upper())


def _metres(model: Any, unit: str) -> float:
    """Return what a unit of pressure is in metres; of any other name, that of the flow units."""
    options = model.options.hydraulic
    if unit not in (*_PER_FOOT, *_LENGTHS):
        unit = "PSI" if FlowUnits[options.inpfile_units].is_traditional else "METERS"
    if unit in _PER_FOOT:
        return _FOOT / (_PER_FOOT[unit] * float(options.specific_gravity))
    return _LENGTHS[unit]


def correct(model: Any) -> None:
    """Put right what WNTR took for other units in the model of a file it has just read.

    Settings of valves, emitters, what controls and rules compare and set, and the pressures of
    pressure-driven demands. The options go on naming the file's units, for `metres`.
    """
    options = model.options.hydraulic
    units = FlowUnits[options.inpfile_units]
    taken = float(to_si(units, 1.0, HydParam.Pressure))
    unit = metres(model)
    if units.is_traditional:
        if options.headerror:
            options.headerror *= _FOOT
        if options.viscosity < 1e-3:  # else it is relative to that of water
            options.viscosity *= _FOOT**2
    if options.flowchange:
        options.flowchange *= units.factor * 1000.0
    exponent = options.emitter_exponent
    # WNTR: coefficient · √(1 / taken); EPANET: coefficient · unit^-exponent.
    ratio = taken**0.5 / _metres(model, "") ** exponent
    if ratio != 1.0:
        for _, junction in model.junctions():
            if junction.emitter_coefficient:
                junction.emitter_coefficient *= ratio
    if unit != taken:
        for _, valve in model.valves():
            if valve.valve_type in VALVES:
                valve.initial_setting *= unit / taken
        options.required_pressure *= unit / taken
        options.minimum_pressure *= unit / taken
        for _, control in model.controls():
            _correct_condition(control.condition, unit / taken)
            for action in control.actions():
                link, attribute = action.target()
                if attribute == "setting" and getattr(link, "valve_type", "") in VALVES:
                    action._value *= unit / taken


def _correct_condition(condition: Any, ratio: float) -> None:
    for part in ("_condition_1", "_condition_2"):
        if hasattr(condition, part):
            _correct_condition(getattr(condition, part), ratio)
    if getattr(condition, "_source_attr", "") == "pressure":
        condition._threshold *= ratio


def metric(model: Any) -> None:
    """Let a model be written in L/s and metres, whatever its file's units of pressure were."""
    model.options.hydraulic.inpfile_pressure_units = None
