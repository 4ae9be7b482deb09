"""Short runs of C-Town with attacks on it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from attacks.contract import know_detector
from attacks.entries.armed import arm
from twin.plants.spec import load_plant
from twin.testbed import Testbed

HOUR = 3600.0


@dataclass
class ArmedRun:
    bed: Testbed
    truth: pd.DataFrame
    plc: pd.DataFrame
    scada: pd.DataFrame
    quality: pd.DataFrame
    active: list[np.ndarray]


def armed_run(entries, hours, seed=0, control=None, **options):
    """Run C-Town from its initial levels; return every table and when each entry was active."""
    plant = load_plant("ctown", control=control)
    with Testbed(plant, seed=seed, warmup=0.0, **options) as bed:
        for entry in entries:
            know_detector(entry.do, bed)
        armed = arm(entries, bed)
        active = [[] for _ in entries]
        bed.scada.subscribers.append(
            lambda frame: [log.append(one.active) for log, one in zip(active, armed, strict=True)]
        )
        for _ in bed.run(hours * HOUR):
            pass
        history = bed.historian
        tables = [t.frame() for t in (history.truth, history.plc, history.scada, history.quality)]
        return ArmedRun(bed, *tables, [np.array(log) for log in active])
