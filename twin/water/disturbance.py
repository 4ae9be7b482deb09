"""Disturbances of the water network: leaks, changed demands, stuck links, worn pumps.

Several causes may act on one element: leak areas and extra demands add up, factors multiply, and a
link that several causes hold takes the setting of the last.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import Any

import epanet
from epanet_plus import EpanetConstants as EN

from twin.errors import InputError, nearest
from twin.water.engine import Engine

DISCHARGE = 0.75
"""Of an orifice, as in WNTR's leak model: Q = DISCHARGE · area · √(2 g pressure)."""

_ORIFICE = DISCHARGE * math.sqrt(2 * 9.81) * 1000.0  # L/s through 1 m² at 1 m
_EXPONENT = 0.5
_EXTRA = "hydrotwin"  # the name of the demand category that takes what a surge adds


class Disturbances:
    """The disturbances of one plant at present.

    Parameters
    ----------
    engine : Engine
    model : wntr.network.WaterNetworkModel

    Attributes
    ----------
    leaking : dict of str to int
        Junctions with a leak, or an emitter of network.inp, and their EPANET node indices.
    """

    def __init__(self, engine: Engine, model: Any):
        self._engine, self._model = engine, model
        own = {name: junction.emitter_coefficient for name, junction in model.junctions()}
        self._emitters = {name: float(coefficient or 0.0) for name, coefficient in own.items()}
        self.leaking = {name: engine.node(name) for name, size in self._emitters.items() if size}
        self._leaks: dict[tuple[str, object], float] = {}
        self._surges: dict[object, tuple[dict[str, float], float, float]] = {}
        self._bases: dict[str, list[float]] = {}
        self._held: dict[str, dict[object, float]] = {}
        self._worn: dict[str, dict[object, float]] = {}

    def leak(self, name: str, area: float, cause: object = None) -> None:
        """Open a leak of `area` [m²] at a junction or pipe; 0 closes it."""
        shares = leak_points(self._model, name)
        exponent = epanet.EN_getoption(self._engine.project, EN.EN_EMITEXPON)[1]
        if exponent != _EXPONENT:
            raise InputError(
                f"network.inp has emitters of exponent {exponent:g}; EPANET knows one exponent, "
                f"and a leak's is {_EXPONENT:g}"
            )
        self._leaks[name, cause] = area
        if not area:
            del self._leaks[name, cause]
        total = dict.fromkeys(shares, 0.0)
        for (leaking, _), size in self._leaks.items():
            for junction, share in leak_points(self._model, leaking).items():
                if junction in total:
                    total[junction] += share * size
        for junction, size in total.items():
            node = self._engine.node(junction)
            coefficient = self._emitters[junction] + size * _ORIFICE
            self._engine.set_node(node, EN.EN_EMITTER, coefficient)
            if coefficient:
                self.leaking[junction] = node
            else:
                self.leaking.pop(junction, None)

    def demand(
        self, nodes: Iterable[str], factor: float, extra: float, cause: object = None
    ) -> None:
        """Multiply junctions' demands and add `extra` [L/s] in all; 1 and 0 undo it."""
        old = self._surges.pop(cause, ({}, 1.0, 0.0))[0]
        shares = dict.fromkeys(nodes, 0.0)
        for name in shares:
            self._own_demands(name)
        if (factor, extra) != (1.0, 0.0) and shares:
            whole = sum(sum(self._bases[name]) for name in shares)
            for name in shares:
                shares[name] = sum(self._bases[name]) / whole if whole else 1.0 / len(shares)
            self._surges[cause] = (shares, factor, extra)
        for name in old | shares:
            self._set_demand(name)

    def _own_demands(self, name: str) -> None:
        """Remember a junction's demands, and give it a category for what is added to them."""
        if name in self._bases:
            return
        if name not in self._model.junction_name_list:
            raise InputError(
                f"no junction {name!r}: {nearest(name, self._model.junction_name_list)}"
            )
        engine, project = self._engine, self._engine.project
        node = engine.node(name)
        count = epanet.EN_getnumdemands(project, node)[1]
        places = range(1, count + 1)
        self._bases[name] = [epanet.EN_getbasedemand(project, node, i)[1] for i in places]
        # Without a pattern it is constant.
        engine.must(epanet.EN_adddemand(project, node, 0.0, "", _EXTRA))

    def _set_demand(self, name: str) -> None:
        engine, project = self._engine, self._engine.project
        factor, added = self._surge(name)
        node, bases = engine.node(name), self._bases[name]
        for i, base in enumerate(bases, start=1):
            engine.must(epanet.EN_setbasedemand(project, node, i, base * factor))
        multiplier = epanet.EN_getoption(project, EN.EN_DEMANDMULT)[1]
        last = len(bases) + 1
        engine.must(epanet.EN_setbasedemand(project, node, last, added / (multiplier or 1.0)))

    def surges(self) -> dict[int, tuple[float, float]]:
        """Return, by EPANET node index, the factor on its demand and what is added to it [L/s]."""
        names = {name for shares, _, _ in self._surges.values() for name in shares}
        return {self._engine.node(name): self._surge(name) for name in names}

    def _surge(self, name: str) -> tuple[float, float]:
        """Return the factor on a junction's demand, and what is added to it [L/s]."""
        factor, added = 1.0, 0.0
        for shares, own_factor, extra in self._surges.values():
            if name in shares:
                factor *= own_factor
                added += extra * shares[name]
        return factor, added

    def hold(self, link: str, setting: float, cause: object = None) -> None:
        """Keep a link at a setting, as `Plant.write` takes it, whatever its PLC commands."""
        self.release(link, cause)
        self._held.setdefault(link, {})[cause] = setting

    def release(self, link: str, cause: object = None) -> None:
        """Let a link follow its commands again."""
        self._held.get(link, {}).pop(cause, None)

    def wear(self, pump: str, factor: float, cause: object = None) -> None:
        """Let a pump turn at a share of the speed that is commanded; 1 repairs it."""
        self._worn.setdefault(pump, {})[cause] = factor

    @property
    def links(self) -> set[str]:
        """The links that were ever held or worn."""
        return {*self._held, *self._worn}

    def setting(self, link: str, command: float) -> float:
        """Return the setting that a link takes when it is commanded one."""
        held = self._held.get(link)
        setting = next(reversed(held.values())) if held else command
        for factor in self._worn.get(link, {}).values():
            setting *= factor
        return setting


def leak_points(model: Any, name: str) -> dict[str, float]:
    """Return the junctions at which a leak of a junction or pipe acts, and the share of each.

    EPANET has leaks at junctions only, and a pipe cannot be cut in two while the water runs (and
    if it were beforehand, the run would differ from its pair before anything leaked): half of a
    pipe's leak lies at either end, or all of it at the one that is a junction.

    Raises
    ------
    InputError
        If it is neither.
    """
    if name in model.junction_name_list:
        return {name: 1.0}
    if name in model.pipe_name_list:
        pipe = model.get_link(name)
        ends = (pipe.start_node_name, pipe.end_node_name)
        junctions = [end for end in ends if end in model.junction_name_list]
        if junctions:
            return {end: 1.0 / len(junctions) for end in junctions}
        raise InputError(f"{name} has no junction at either end to leak at")
    if name in model.tank_name_list or name in model.reservoir_name_list:
        beside = {
            end
            for link in model.get_links_for_node(name)
            for end in (model.get_link(link).start_node_name, model.get_link(link).end_node_name)
            if end in model.junction_name_list
        }
        raise InputError(f"{name} is no junction: let it leak beside it, {nearest('', beside)}")
    known = [*model.junction_name_list, *model.pipe_name_list]
    raise InputError(f"no junction or pipe {name!r}: {_similar(name, known)}")


def check_hold(model: Any, name: str, setting: float) -> None:
    """Raise InputError if there is no such link, or it cannot be held at `setting`."""
    if name not in model.link_name_list:
        raise InputError(f"no pump, valve or pipe {name!r}: {_similar(name, model.link_name_list)}")
    link = model.get_link(name)
    if link.link_type == "Pipe" and getattr(link, "check_valve", False):
        raise InputError(f"{name} has a check valve, which EPANET lets nobody open or close")
    if link.link_type == "Pipe" and setting not in (0.0, 1.0):
        raise InputError(f"{name} is a pipe: closed or open, not {setting:g}")


def check_wear(model: Any, name: str) -> None:
    """Raise InputError if there is no such pump, or none that a lower speed slows."""
    if name not in model.pump_name_list:
        raise InputError(f"no pump {name!r}: {nearest(name, model.pump_name_list)}")
    if model.get_link(name).pump_type == "POWER":
        raise InputError(f"{name} is a pump of constant power: EPANET gives it no speed to lose")


def _similar(name: str, known: Collection[str]) -> str:
    """Return the nearest of hundreds of names: first among those of the same first letter."""
    return nearest(name, [option for option in known if option[:1] == name[:1]] or known)
