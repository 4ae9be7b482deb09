"""EPANET's hydraulics, solved and advanced step by step through epanet-plus."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import epanet
import numpy as np
from epanet_plus import EpanetConstants as EN
from epanet_plus import EPyT

from twin.closeable import Closing
from twin.errors import PlantError
from twin.tags import Values

WARNINGS = {
    1: "the solver did not converge",
    2: "the solution may be unstable",
    3: "junctions with a demand are cut off",
    4: "a pump cannot deliver its flow or head",
    5: "a valve cannot deliver its flow or pressure",
    6: "negative pressures",
}
_FOREVER = 1_900_000_000  # seconds; the longest EPANET's 32-bit clock takes on every platform
_SHUT = 1e16  # loss coefficient of a check valve that is shut: EPANET lets nobody close one
_ERRORS = 100  # the first code that is no warning


class Engine(Closing):
    """An EPANET project, its hydraulics open.

    Parameters
    ----------
    inp : str
        An INP file's contents, in L/s and without controls: EPANET's own re-assert every step and
        override what is written.
    name : str
        Of the plant, for messages.
    step : int
        The longest it advances at once [s].

    Attributes
    ----------
    project : object
        What epanet-plus's functions take.
    time : int
        Seconds since the start. What is not started at 0 is set to its time before `restart`.
    """

    def __init__(self, inp: str, name: str, step: int):
        self.time = 0
        self._step = step
        self._losses: dict[int, float] = {}  # of check valves that are shut
        self.project: Any = None
        self._folder = tempfile.TemporaryDirectory(prefix="hydrotwin-")
        try:
            self._open(inp, name)
        except Exception:
            self._folder.cleanup()
            raise

    def _open(self, inp: str, name: str) -> None:
        folder = Path(self._folder.name)
        file = folder / "plant.inp"
        file.write_text(inp, encoding="utf-8")
        # Without a report file EPANET would print on stdout, from C.
        try:
            self._epyt = EPyT(
                str(file),
                use_project=True,
                rpt_file_out=str(folder / "plant.rpt"),
                out_file=str(folder / "plant.out"),
            )
        except RuntimeError as error:
            raise PlantError(f"EPANET cannot open {name}: {error}") from None
        self._epyt.set_error_handling(raise_exception_on_error=False, warn_on_error=False)
        self.project = self._epyt.ph
        # The report step first: it caps the hydraulic one in silence.
        for what, value in (
            (EN.EN_DURATION, _FOREVER),
            (EN.EN_REPORTSTEP, _FOREVER),
            (EN.EN_HYDSTEP, self._step),
        ):
            self.must(epanet.EN_settimeparam(self.project, what, value))
        if not self._has_emitters():
            # A leak below zero pressure draws in air, not water; emitters of the file may do so.
            self.must(epanet.EN_setoption(self.project, EN.EN_EMITBACKFLOW, 0.0))
        self._pattern_start = int(epanet.EN_gettimeparam(self.project, EN.EN_PATTERNSTART)[1])
        self.must(epanet.EN_openH(self.project))
        self.must(epanet.EN_initH(self.project, 10))

    def restart(self) -> None:
        """Let the solver forget its last solution; the clock, and that of patterns, goes on.

        Tanks are then at their `EN_TANKLEVEL` and links as the INP file has them, whatever was set
        since; what is a property of the network, like emitters and demands, stays.
        """
        pattern_start = self._pattern_start + self.time
        self.must(epanet.EN_settimeparam(self.project, EN.EN_PATTERNSTART, pattern_start))
        self.must(epanet.EN_initH(self.project, 10))

    def _has_emitters(self) -> bool:
        count = epanet.EN_getcount(self.project, EN.EN_NODECOUNT)[1]
        return any(self.at_nodes(range(1, count + 1), EN.EN_EMITTER))

    def run(self) -> int:
        """Solve as everything stands now; return EPANET's code, 0 or a key of `WARNINGS`.

        Raises
        ------
        PlantError
            If it cannot be solved.
        """
        code = int(epanet.EN_runH(self.project)[0])
        if code:
            self.must((code,))
        return code

    def advance(self, limit: int) -> int:
        """Move on by `limit` seconds, or less where a tank is full or empty first; return them."""
        if limit != self._step:
            self.must(epanet.EN_settimeparam(self.project, EN.EN_HYDSTEP, limit))
            self._step = limit
        code, seconds = epanet.EN_nextH(self.project)
        if code:
            self.must((code,))
        self.time += seconds
        return int(seconds)

    def set_link(self, link: int, setting: float) -> None:
        """Close (0), open (1) or set a pump's relative speed or a valve's setting [m or L/s]."""
        # STATUS 1 also puts a pump's speed back to 1.
        what = EN.EN_STATUS if setting in (0.0, 1.0) else EN.EN_SETTING
        self.must(epanet.EN_setlinkvalue(self.project, link, what, setting))

    def shut(self, link: int) -> None:
        """Close a link of any kind, a check valve too, until `unshut`."""
        if self._is_check_valve(link):
            self._losses.setdefault(link, self.at_links([link], EN.EN_MINORLOSS)[0])
            self.must(epanet.EN_setlinkvalue(self.project, link, EN.EN_MINORLOSS, _SHUT))
        else:
            self.set_link(link, 0.0)

    def unshut(self, link: int) -> bool:
        """Let water through a check valve that was shut; return whether the link was one."""
        if link not in self._losses:
            return False
        loss = self._losses.pop(link)
        self.must(epanet.EN_setlinkvalue(self.project, link, EN.EN_MINORLOSS, loss))
        return True

    def _is_check_valve(self, link: int) -> bool:
        return bool(epanet.EN_getlinktype(self.project, link)[1] == EN.EN_CVPIPE)

    def set_node(self, node: int, what: int, value: float) -> None:
        """Set a property of a node."""
        self.must(epanet.EN_setnodevalue(self.project, node, what, value))

    def at_nodes(self, nodes: Iterable[int], what: int) -> list[float]:
        """Read a property of some nodes."""
        project, read = self.project, epanet.EN_getnodevalue
        return [read(project, node, what)[1] for node in nodes]

    def at_links(self, links: Iterable[int], what: int) -> list[float]:
        """Read a property of some links; flow and power of a closed one are 0."""
        project, read = self.project, epanet.EN_getlinkvalue
        return [read(project, link, what)[1] for link in links]

    def of_all_nodes(self, what: int) -> Values:
        """Read a property of every node; takes as long as reading 50 nodes singly."""
        # epanet-plus 0.3.1 never frees what EN_getnodevalues_NPY returns.
        return np.array(epanet.EN_getnodevalues(self.project, what)[1], dtype=float)

    def node(self, name: str) -> int:
        """Return a node's index, counted from 1."""
        code, index = epanet.EN_getnodeindex(self.project, name)
        self.must((code,))
        return int(index)

    def link(self, name: str) -> int:
        """Return a link's index, counted from 1."""
        code, index = epanet.EN_getlinkindex(self.project, name)
        self.must((code,))
        return int(index)

    def pattern(self, name: str) -> int:
        """Return a pattern's index."""
        code, index = epanet.EN_getpatternindex(self.project, name)
        self.must((code,))
        return int(index)

    def must(self, result: Sequence[int]) -> None:
        """Raise PlantError if what EPANET returned starts with an error's code."""
        code = result[0]
        if code >= _ERRORS:
            reason = str(epanet.EN_geterror(code)[1]).strip()
            raise PlantError(f"EPANET stopped at {self.time / 3600:.2f} h: {reason} (error {code})")

    def close(self) -> None:
        """Give the project and its temporary files back."""
        if self.project is not None:
            epanet.EN_closeH(self.project)
            epanet.EN_close(self.project)
            self._epyt.deleteproject()
            self.project = None
            self._folder.cleanup()
