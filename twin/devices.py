"""Field devices: the sensors that measure the water and the actuators that move it."""

from __future__ import annotations

import simpy

from twin.link import Register, TapPoint
from twin.plant import Plant
from twin.tags import Reading, Tag


class Sensor(TapPoint):
    """An instrument: what it shows goes to its PLC's input by a field wire.

    Its own tap point (`sensor:L_T1`) deceives every reader; the wire's (`link:T1->PLC2`) too, but
    is cut with the wire. Both stand in the one way from the water to the PLC's memory.

    Parameters
    ----------
    env : simpy.Environment
    tag : Tag
    position : int
        Where it stands among the plant's values.
    memory : Register
        Of the PLC it is wired to.
    """

    def __init__(self, env: simpy.Environment, tag: Tag, position: int, memory: Register):
        super().__init__(f"sensor:{tag.name}", [tag.name])
        self.env, self.tag, self.position, self.memory = env, tag, position, memory
        self.wire = TapPoint(f"link:{tag.element}->{tag.plc}", [tag.name])

    def read(self, now: float, measured: float) -> None:
        """Send what the instrument measures [tag's unit] at `now` [s] down the wire."""
        for late in self.tamper([Reading(now, self.tag.name, measured)]):
            for sent in self.wire.tamper([late.reading]):
                self.memory.take(self.env, sent, late.by)


class Actuator(TapPoint):
    """A pump or valve drive: it does what the last command that reached it says.

    Parameters
    ----------
    name : str
    plant : Plant
    setting : float
        0 closed, 1 open, or a relative pump speed.
    """

    def __init__(self, name: str, plant: Plant, setting: float):
        super().__init__(f"actuator:{name}", [name])
        self.actuator, self.plant, self.setting = name, plant, setting

    def obey(self, now: float, command: float) -> bool:
        """Take a command at `now` [s]; return whether it changed the drive's setting.

        A command that a tap drops or holds back does not reach the drive: it stays as it is.
        """
        if self.taps:
            passed = self.tamper([Reading(now, self.actuator, command)])
            passed = [late for late in passed if late.by == 0.0]
            if not passed:
                return False
            command = passed[-1].reading.value
        if command == self.setting:
            return False
        self.setting = command
        self.plant.write(self.actuator, command)
        return True
