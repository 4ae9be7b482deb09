"""An EPANET file as EPANET understood it, written anew in L/s and m in the form that WNTR reads.

WNTR's reader takes less than EPANET's (abbreviated keywords, pumps of EPANET 1.x, EPANET 2.3's
sections, a pattern that does not exist) and takes some of it otherwise (a pattern step of 0:00).
Here EPANET reads the file, and what it holds in memory is written: the network, its patterns,
curves, prices, options and times. [CONTROLS] and [RULES] become PLC logic elsewhere; water quality,
reports and pictures are not used.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import epanet
from epanet_plus import EpanetConstants as EN

from twin.errors import InputError
from twin.plants import inp

UNITS = ("CFS", "GPM", "MGD", "IMGD", "AFD", "LPS", "LPM", "MLD", "CMH", "CMD", "CMS")
"""EPANET's flow units, in the order of its numbers for them; the first five are US units."""
PRESSURE_UNITS = ("PSI", "KPA", "METERS", "BAR", "FEET")
_VALVES = {
    EN.EN_PRV: "PRV",
    EN.EN_PSV: "PSV",
    EN.EN_PBV: "PBV",
    EN.EN_FCV: "FCV",
    EN.EN_TCV: "TCV",
    EN.EN_GPV: "GPV",
}
US_UNITS = UNITS[:5]
_OPTIONS = {
    "SPECIFIC GRAVITY": EN.EN_SP_GRAVITY,
    "VISCOSITY": EN.EN_SP_VISCOS,
    "TRIALS": EN.EN_TRIALS,
    "ACCURACY": EN.EN_ACCURACY,
    "HEADERROR": EN.EN_HEADERROR,
    "FLOWCHANGE": EN.EN_FLOWCHANGE,
    "CHECKFREQ": EN.EN_CHECKFREQ,
    "MAXCHECK": EN.EN_MAXCHECK,
    "DAMPLIMIT": EN.EN_DAMPLIMIT,
    "DEMAND MULTIPLIER": EN.EN_DEMANDMULT,
    "EMITTER EXPONENT": EN.EN_EMITEXPON,
}
_TIMES = {
    "DURATION": EN.EN_DURATION,
    "HYDRAULIC TIMESTEP": EN.EN_HYDSTEP,
    "REPORT TIMESTEP": EN.EN_HYDSTEP,  # WNTR wants a multiple of the hydraulic one
    "PATTERN TIMESTEP": EN.EN_PATTERNSTEP,
    "PATTERN START": EN.EN_PATTERNSTART,
    "RULE TIMESTEP": EN.EN_RULESTEP,
}
_PDA = {"MINIMUM PRESSURE": 0, "REQUIRED PRESSURE": 1, "PRESSURE EXPONENT": 2}
KW_PER_HP = 0.7457  # EPANET holds a pump's power in hp
_NOT_READ = (
    *("TITL", "OPTI", "TIME", "ENER", "TAGS", "STAT", "ROUG", "END]"),  # only EPANET reads these
    *("LEAK", "REPO", "QUAL", "REAC", "SOUR", "MIXI", "LABE", "BACK"),  # nothing here uses these
)
_DEFAULT = "1"  # the pattern of demands that name none, where there is one so called


def read(text: str, path: Path) -> tuple[Any, Rewritten]:
    """Read an EPANET file's text as EPANET does, without its [CONTROLS] and [RULES].

    Parameters
    ----------
    text : str
    path : Path
        Where it stands, for messages.

    Returns
    -------
    model : wntr.network.WaterNetworkModel
        In L/s and m.
    rewritten : Rewritten

    Raises
    ------
    InputError
        If EPANET refuses it, or takes for good what WNTR finds to be a mistake (a pipe without a
        length, a level above the rim); with its line.
    """
    bare = inp.without_logic(text)
    if (wrong := inp.refused(bare, path)) is not None:
        raise wrong
    try:
        rewritten = Rewritten(bare)
    except InputError as error:
        if isinstance(error, inp.RefusedError):  # without naming a line
            _criticise(bare, path)
        raise InputError(error.message, path) from None
    options = rewritten.text.split("[JUNCTIONS]")[0]
    _criticise(f"{inp.without(bare, _NOT_READ)}\n{options}", path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return inp.read(rewritten.text), rewritten


def _criticise(text: str, path: Path) -> None:
    """Raise InputError for what WNTR finds wrong with a text that EPANET takes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            inp.read(text)
    except Exception as error:
        if not inp.is_another_form(error):
            raise inp.unread(error, path) from error


class Units:
    """The units of a file.

    Attributes
    ----------
    flow, pressure : str
        As [OPTIONS] names them, like "GPM" and "PSI".
    """

    def __init__(self, project: Any):
        self.flow = UNITS[epanet.EN_getflowunits(project)[1]]
        self.pressure = PRESSURE_UNITS[int(epanet.EN_getoption(project, EN.EN_PRESS_UNITS)[1])]


class Rewritten:
    """What EPANET holds of a file.

    Parameters
    ----------
    text : str
        Of the file, without [CONTROLS] and [RULES].

    Attributes
    ----------
    text : str
        Of the file written anew.
    units : Units
        Those of the file as it was.
    unused : list of str
        What EPANET would simulate and nothing here does, a sentence each.

    Raises
    ------
    InputError
        If EPANET cannot read it, or an element has no counterpart in WNTR.
    """

    def __init__(self, text: str):
        with inp.opened(text) as project:
            self.units = Units(project)
            epanet.EN_setflowunits(project, EN.EN_LPS)
            epanet.EN_setoption(project, EN.EN_PRESS_UNITS, EN.EN_METERS)
            writer = _Writer(project)
            self.text = "\n".join(writer.lines()) + "\n"
            self.unused = list(writer.unused())


class _Writer:
    """Writes a project that is in L/s and m."""

    def __init__(self, project: Any):
        self.project = project
        self.nodes = self._ids(EN.EN_NODECOUNT, epanet.EN_getnodeid)
        self.links = self._ids(EN.EN_LINKCOUNT, epanet.EN_getlinkid)
        self.patterns = self._ids(EN.EN_PATCOUNT, epanet.EN_getpatternid)
        self.curves = self._ids(EN.EN_CURVECOUNT, epanet.EN_getcurveid)
        self.constant = ""  # a pattern of 1, for demands without one

    def _ids(self, what: int, read: Any) -> dict[int, str]:
        count = epanet.EN_getcount(self.project, what)[1]
        return {i: str(read(self.project, i)[1]) for i in range(1, count + 1)}

    def _node(self, index: int, what: int) -> float:
        return float(epanet.EN_getnodevalue(self.project, index, what)[1])

    def _link(self, index: int, what: int) -> float:
        return float(epanet.EN_getlinkvalue(self.project, index, what)[1])

    def _option(self, what: int) -> float:
        return float(epanet.EN_getoption(self.project, what)[1])

    def lines(self) -> Iterator[str]:
        nodes = self._by_type(self.nodes, epanet.EN_getnodetype)
        links = self._by_type(self.links, epanet.EN_getlinktype)
        pipes = [*links.pop(EN.EN_CVPIPE, []), *links.pop(EN.EN_PIPE, [])]
        pumps = links.pop(EN.EN_PUMP, [])
        valves = sorted(index for kind in links.values() for index in kind)
        demands = {i: self._demands(i) for i in nodes.get(EN.EN_JUNCTION, [])}
        yield from self._section("TITLE", self._title())
        yield from self._section("OPTIONS", self._options())
        yield from self._section("TIMES", self._times())
        yield from self._section("JUNCTIONS", (self._junction(i, d) for i, d in demands.items()))
        yield from self._section("DEMANDS", self._shared_demands(demands))
        yield from self._section("EMITTERS", self._emitters(demands))
        yield from self._section(
            "RESERVOIRS", (self._reservoir(i) for i in nodes.get(EN.EN_RESERVOIR, []))
        )
        yield from self._section("TANKS", (self._tank(i) for i in nodes.get(EN.EN_TANK, [])))
        yield from self._section("PIPES", (self._pipe(i) for i in sorted(pipes)))
        yield from self._section("PUMPS", (self._pump(i) for i in pumps))
        yield from self._section("VALVES", (self._valve(i) for i in valves))
        yield from self._section("STATUS", self._statuses(pumps, valves))
        yield from self._section("PATTERNS", self._pattern_lines())
        yield from self._section("CURVES", self._curve_lines())
        yield from self._section("ENERGY", self._energy(pumps))
        yield from self._section("TAGS", self._tags())
        yield from self._section("COORDINATES", self._coordinates())
        yield from self._section("VERTICES", self._vertices())
        yield "[END]"

    @staticmethod
    def _section(name: str, lines: Iterator[str]) -> Iterator[str]:
        body = list(lines)
        if body or name == "JUNCTIONS":
            yield f"[{name}]"
            yield from body
            yield ""

    def _by_type(self, ids: dict[int, str], read: Any) -> dict[int, list[int]]:
        kinds: dict[int, list[int]] = {}
        for index in ids:
            kinds.setdefault(int(read(self.project, index)[1]), []).append(index)
        return kinds

    def _title(self) -> Iterator[str]:
        for line in epanet.EN_gettitle(self.project)[1:]:
            if str(line).strip() and not str(line).strip().startswith("["):
                yield str(line)

    def _options(self) -> Iterator[str]:
        yield "UNITS LPS"
        yield f"HEADLOSS {('H-W', 'D-W', 'C-M')[int(self._option(EN.EN_HEADLOSSFORM))]}"
        for name, what in _OPTIONS.items():
            yield f"{name} {_text(self._option(what))}"
        more = int(self._option(EN.EN_UNBALANCED))
        yield "UNBALANCED STOP" if more < 0 else f"UNBALANCED CONTINUE {more}"
        model, *pressures = epanet.EN_getdemandmodel(self.project)[1:]
        if model == EN.EN_PDA:
            yield "DEMAND MODEL PDA"
            yield from (f"{name} {_text(pressures[place])}" for name, place in _PDA.items())

    def _times(self) -> Iterator[str]:
        for name, what in _TIMES.items():
            yield f"{name} {_clock(epanet.EN_gettimeparam(self.project, what)[1])}"
        start = int(epanet.EN_gettimeparam(self.project, EN.EN_STARTTIME)[1])
        half, seconds = divmod(start, 43200)
        hour, rest = divmod(seconds, 3600)
        clock = _clock((hour or 12) * 3600 + rest)
        yield f"START CLOCKTIME {clock} {('AM', 'PM')[half % 2]}"

    def _demands(self, node: int) -> list[tuple[float, str, str]]:
        """Return a junction's demands: base demand [L/s], pattern and category."""
        demands = []
        for number in range(1, epanet.EN_getnumdemands(self.project, node)[1] + 1):
            base = float(epanet.EN_getbasedemand(self.project, node, number)[1])
            pattern = int(epanet.EN_getdemandpattern(self.project, node, number)[1])
            category = str(epanet.EN_getdemandname(self.project, node, number)[1])
            demands.append((base, self._pattern(pattern), category))
        return demands

    def _pattern(self, index: int) -> str:
        """Return the name of a demand's pattern; one of 1, or none, where it is constant."""
        index = index or int(self._option(EN.EN_DEMANDPATTERN))
        if index:
            return self.patterns[index]
        if _DEFAULT in self.patterns.values() and not self.constant:
            self.constant = "constant"
            while self.constant in self.patterns.values():
                self.constant += "_"
        return self.constant

    def _junction(self, node: int, demands: list[tuple[float, str, str]]) -> str:
        words = [self.nodes[node], _text(self._node(node, EN.EN_ELEVATION))]
        if _plain(demands):
            base, pattern, _ = demands[0]
            words += [_text(base), pattern]
        return " ".join(words).rstrip()

    def _shared_demands(self, demands: dict[int, list[tuple[float, str, str]]]) -> Iterator[str]:
        for node, parts in demands.items():
            if not _plain(parts):
                for base, pattern, category in parts:
                    line = f"{self.nodes[node]} {_text(base)} {pattern}".rstrip()
                    yield f"{line} ;{category}" if category else line

    def _emitters(self, junctions: Any) -> Iterator[str]:
        for node in junctions:
            if (coefficient := self._node(node, EN.EN_EMITTER)) != 0.0:
                yield f"{self.nodes[node]} {_text(coefficient)}"

    def _reservoir(self, node: int) -> str:
        pattern = int(self._node(node, EN.EN_PATTERN))
        name = self.patterns[pattern] if pattern else ""
        return f"{self.nodes[node]} {_text(self._node(node, EN.EN_ELEVATION))} {name}".rstrip()

    def _tank(self, node: int) -> str:
        values = [
            self._node(node, what)
            for what in (
                EN.EN_ELEVATION,
                EN.EN_TANKLEVEL,
                EN.EN_MINLEVEL,
                EN.EN_MAXLEVEL,
                EN.EN_TANKDIAM,
                EN.EN_MINVOLUME,
            )
        ]
        curve = int(self._node(node, EN.EN_VOLCURVE))
        spills = self._node(node, EN.EN_CANOVERFLOW) != 0.0
        words = [self.nodes[node], *map(_text, values)]
        if curve or spills:
            words.append(self.curves[curve] if curve else "*")
        return " ".join([*words, "YES"] if spills else words)

    def _ends(self, link: int) -> list[str]:
        ends = epanet.EN_getlinknodes(self.project, link)[1:]
        return [self.links[link], *(self.nodes[int(end)] for end in ends)]

    def _pipe(self, link: int) -> str:
        values = [
            self._link(link, what)
            for what in (EN.EN_LENGTH, EN.EN_DIAMETER, EN.EN_ROUGHNESS, EN.EN_MINORLOSS)
        ]
        status = "Open" if self._link(link, EN.EN_INITSTATUS) else "Closed"
        if epanet.EN_getlinktype(self.project, link)[1] == EN.EN_CVPIPE:
            status = "CV"
        return " ".join([*self._ends(link), *map(_text, values), status])

    def _pump(self, link: int) -> str:
        words = self._ends(link)
        curve = int(self._link(link, EN.EN_PUMP_HCURVE))
        if curve:
            words += ["HEAD", self.curves[curve]]
        else:
            words += ["POWER", _text(self._link(link, EN.EN_PUMP_POWER) * KW_PER_HP)]
        speed = self._link(link, EN.EN_INITSETTING)
        if speed not in (0.0, 1.0):
            words += ["SPEED", _text(speed)]
        if pattern := int(self._link(link, EN.EN_LINKPATTERN)):
            words += ["PATTERN", self.patterns[pattern]]
        return " ".join(words)

    def _valve(self, link: int) -> str:
        kind = int(epanet.EN_getlinktype(self.project, link)[1])
        if kind not in _VALVES:
            raise InputError(
                f"valve {self.links[link]} is a PCV, which WNTR does not know: make it a TCV, "
                "whose setting is its loss coefficient"
            )
        setting = _text(self._link(link, EN.EN_INITSETTING))
        if kind == EN.EN_GPV:
            setting = self.curves[int(self._link(link, EN.EN_GPV_CURVE))]
        words = [*self._ends(link), _text(self._link(link, EN.EN_DIAMETER)), _VALVES[kind], setting]
        return " ".join([*words, _text(self._link(link, EN.EN_MINORLOSS))])

    def _statuses(self, pumps: list[int], valves: list[int]) -> Iterator[str]:
        for link in pumps:
            if not self._link(link, EN.EN_INITSTATUS):
                yield f"{self.links[link]} Closed"
        for link in valves:
            status = int(self._link(link, EN.EN_INITSTATUS))
            if status in (EN.EN_CLOSED, EN.EN_OPEN):
                yield f"{self.links[link]} {('Closed', 'Open')[status]}"

    def _pattern_lines(self) -> Iterator[str]:
        for index, name in self.patterns.items():
            count = epanet.EN_getpatternlen(self.project, index)[1]
            values = [
                _text(epanet.EN_getpatternvalue(self.project, index, place)[1])
                for place in range(1, count + 1)
            ]
            for first in range(0, count, 12):
                yield f"{name} {' '.join(values[first : first + 12])}"
        if self.constant:
            yield f"{self.constant} 1"

    def _curve_lines(self) -> Iterator[str]:
        for index, name in self.curves.items():
            for x, y in zip(*epanet.EN_getcurve(self.project, index)[1:], strict=True):
                yield f"{name} {_text(x)} {_text(y)}"

    def _energy(self, pumps: list[int]) -> Iterator[str]:
        yield f"GLOBAL EFFICIENCY {_text(self._option(EN.EN_GLOBALEFFIC))}"
        yield f"GLOBAL PRICE {_text(self._option(EN.EN_GLOBALPRICE))}"
        yield f"DEMAND CHARGE {_text(self._option(EN.EN_DEMANDCHARGE))}"
        if pattern := int(self._option(EN.EN_GLOBALPATTERN)):
            yield f"GLOBAL PATTERN {self.patterns[pattern]}"
        for link in pumps:
            name = self.links[link]
            if curve := int(self._link(link, EN.EN_PUMP_ECURVE)):
                yield f"PUMP {name} EFFICIENCY {self.curves[curve]}"
            if price := self._link(link, EN.EN_PUMP_ECOST):
                yield f"PUMP {name} PRICE {_text(price)}"
            if pattern := int(self._link(link, EN.EN_PUMP_EPAT)):
                yield f"PUMP {name} PATTERN {self.patterns[pattern]}"

    def _tags(self) -> Iterator[str]:
        for word, kind, ids in (("NODE", EN.EN_NODE, self.nodes), ("LINK", EN.EN_LINK, self.links)):
            for index, name in ids.items():
                if tag := str(epanet.EN_gettag(self.project, kind, index)[1]).strip():
                    yield f"{word} {name} {tag}"

    def _coordinates(self) -> Iterator[str]:
        for index, name in self.nodes.items():
            code, x, y = epanet.EN_getcoord(self.project, index)
            if not code:
                yield f"{name} {_text(x)} {_text(y)}"

    def _vertices(self) -> Iterator[str]:
        for index, name in self.links.items():
            for place in range(1, epanet.EN_getvertexcount(self.project, index)[1] + 1):
                _, x, y = epanet.EN_getvertex(self.project, index, place)
                yield f"{name} {_text(x)} {_text(y)}"

    def unused(self) -> Iterator[str]:
        leaking = [
            name for index, name in self.links.items() if self._link(index, EN.EN_LEAK_AREA) > 0.0
        ]
        if leaking:
            yield (
                f"[LEAKAGE] of {len(leaking)} pipes ({leaking[0]} …) is not simulated: add leaks "
                "as faults of a scenario"
            )


def _plain(demands: list[tuple[float, str, str]]) -> bool:
    """Return whether a junction's demands fit its own line."""
    return len(demands) == 1 and not demands[0][2]


def _text(value: float) -> str:
    return f"{float(value):.12g}"


def _clock(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"
