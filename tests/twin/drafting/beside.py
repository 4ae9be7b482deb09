"""A drafted plant beside EPANET, which steps the same file under its own controls."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import epanet
import numpy as np
from epanet_plus import EpanetConstants as EN
from epanet_plus import EPyT

from twin.drafting.draft import draft
from twin.plants.spec import load_plant
from twin.testbed import Testbed

FOOT = 0.3048
SUNDAY = datetime(2026, 1, 4)
LPS = (28.3168, 0.0630902, 43.8126, 52.6168, 14.2764, 1.0, 1 / 60, 1000 / 86.4, 1 / 3.6, 1 / 0.0864)
"""What one of EPANET's flow units is in L/s, in the order of its codes."""


class Course:
    """What tanks and links did: levels [m] by tank and flows [L/s] by link over `times` [s]."""

    def __init__(self, times, levels, flows):
        self.times = np.array(times)
        self.levels = {name: np.array(values) for name, values in levels.items()}
        self.flows = {name: np.array(values) for name, values in flows.items()}

    def level(self, tank, times):
        """Levels at `times`, straight between the instants."""
        return np.interp(times, self.times, self.levels[tank])

    def hours(self, link):
        """How long something flowed [h]."""
        return self._sum(np.abs(self.flows[link]) > 1e-3) / 3600.0

    def volume(self, link):
        """How much flowed [m³]."""
        return self._sum(np.abs(self.flows[link])) / 1000.0

    def switches(self, link):
        return int(np.count_nonzero(np.diff(np.abs(self.flows[link]) > 1e-3)))

    def _sum(self, rates):
        return float((rates[:-1] * np.diff(self.times)).sum())


def native(file, seconds, step=300):
    """Step a file with EPANET under its own controls."""
    with tempfile.TemporaryDirectory() as folder:
        net = EPyT(str(file), use_project=True, rpt_file_out=f"{folder}/r", out_file=f"{folder}/o")
        net.set_error_handling(raise_exception_on_error=False, warn_on_error=False)
        project = net.ph
        for what, value in (
            (EN.EN_DURATION, seconds),
            (EN.EN_REPORTSTEP, 3600),
            (EN.EN_HYDSTEP, step),
        ):
            epanet.EN_settimeparam(project, what, value)
        units = epanet.EN_getflowunits(project)[1]
        flow, length = LPS[units], FOOT if units < 5 else 1.0
        tanks, links = {}, {}
        for index in range(1, epanet.EN_getcount(project, EN.EN_NODECOUNT)[1] + 1):
            if epanet.EN_getnodetype(project, index)[1] == 2:
                tanks[epanet.EN_getnodeid(project, index)[1]] = index
        for index in range(1, epanet.EN_getcount(project, EN.EN_LINKCOUNT)[1] + 1):
            links[epanet.EN_getlinkid(project, index)[1]] = index
        times, levels, flows = [], {name: [] for name in tanks}, {name: [] for name in links}
        epanet.EN_openH(project)
        epanet.EN_initH(project, 10)
        while True:
            code, now = epanet.EN_runH(project)
            assert code < 100, code
            times.append(now)
            for name, index in tanks.items():
                head, bottom = (
                    epanet.EN_getnodevalue(project, index, what)[1]
                    for what in (EN.EN_HEAD, EN.EN_ELEVATION)
                )
                levels[name].append((head - bottom) * length)
            for name, index in links.items():
                flows[name].append(epanet.EN_getlinkvalue(project, index, EN.EN_FLOW)[1] * flow)
            if epanet.EN_nextH(project)[1] <= 0:
                break
        epanet.EN_closeH(project)
        net.close()
        return Course(times, levels, flows)


def plant(file, folder, seconds, **options):
    """Draft a file and run the plant as the file stands; return its course, plant and totals."""
    made = draft(Path(file), Path(folder))
    spec = load_plant(made.spec.folder, drawn=False)
    clock = spec.model.options.time.start_clocktime
    times, rows = [], []
    with Testbed(
        spec, warmup=0.0, start=SUNDAY + timedelta(seconds=float(clock)), **options
    ) as bed:
        solve = bed.plant.solve

        def look():
            solve()
            times.append(bed.plant.time)
            rows.append(([*bed.plant.levels], bed.plant.values.copy()))

        bed.plant.solve = look
        for _ in bed.run(seconds):
            pass
        totals = bed.totals()
        tanks = bed.plant.tanks
    levels = {name: [row[0][i] for row in rows] for i, name in enumerate(tanks)}
    flows = {
        tag.element: [row[1][i] for row in rows]
        for i, tag in enumerate(spec.tags)
        if tag.quantity == "flow"
    }
    return Course(times, levels, flows), made, totals


def apart(one, other, seconds, step=300):
    """Return how far levels are apart at the most [m]."""
    times = np.arange(0, seconds + 1, step)
    return {
        tank: float(np.abs(one.level(tank, times) - other.level(tank, times)).max())
        for tank in one.levels
    }


def broken(totals):
    """Return what of all water is unaccounted for."""
    took = totals["supplied_m3"] + totals["invented_m3"]
    spilled = sum(value for name, value in totals.items() if name.startswith("overflow_"))
    gave = totals["drawn_m3"] + totals["leaked_m3"] + totals["stored_m3"] + spilled
    return abs(took - gave) / max(abs(totals["supplied_m3"]), abs(totals["drawn_m3"]), 1e-9)
