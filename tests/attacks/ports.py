"""A port without a plant behind it: what a kind makes of readings."""

from types import SimpleNamespace

import numpy as np

from attacks.build import build
from twin.control.taps import Late
from twin.tags import Reading

STEP = 300.0


def at(now):
    """Return what a kind may ask of a testbed: the time [s]."""
    return SimpleNamespace(env=SimpleNamespace(now=float(now)))


class Port:
    """A kind at work on one port, a reading of each tag every 5 minutes from 0 s on."""

    def __init__(self, do, seed=0, folder=None):
        self.kind = build(do, folder)
        self.attack = self.kind.fresh(np.random.default_rng(seed))
        self.now = 0.0

    def usual(self, values, tag="L_T1"):
        """Let values pass before the attack is active."""
        for value in values:
            self.attack.watch(Reading(self.now, tag, float(value)))
            self.now += STEP

    def begin(self):
        self.attack.begin(at(self.now), "")

    def end(self):
        self.attack.end(at(self.now), "")

    def packets(self, rows, tags=("L_T1",)):
        """Return what arrives of packets sent while it is active: a list of Late for each."""
        arrived = []
        for row in rows:
            packet = [Reading(self.now, t, float(v)) for t, v in zip(tags, row, strict=True)]
            for reading in packet:
                self.attack.watch(reading)
            passed = self.attack.tamper_packet(packet)
            arrived.append([p if isinstance(p, Late) else Late(p, 0.0) for p in passed])
            self.now += STEP
        return arrived

    def values(self, values):
        """Return what one tag shows while it is active; None where nothing arrives at once."""
        arrived = self.packets([[value] for value in values])
        return [a[0].reading.value if a and a[0].by == 0.0 else None for a in arrived]
