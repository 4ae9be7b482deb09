"""Images: what each PLC holds at one instant, by the names a register map uses."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from twin.control.plc import Plc
from twin.tags import Quality

HEARTBEAT, RUNNING, MODE = "heartbeat", "running", "mode."
"""Names in an image beside tags, actuators and setpoints: scans counted to 65535, whether the PLC
runs, and, before an actuator's name, 1 where it is commanded by hand and 0 where by its PLC."""


@dataclass(frozen=True, slots=True)
class PlcImage:
    """What one PLC holds at one instant.

    Attributes
    ----------
    time : float
        The instant, seconds since the scenario's start.
    values : mapping of str to float
        By name: its tags [their units; NaN for none], what it commands its actuators to be (as
        `Rule.command`), its setpoints, and the names above.
    quality : mapping of str to Quality
        Of each tag. `BAD` with a value is a failed sensor's, `BAD` without one never arrived.
    arrived : mapping of str to float
        When each tag's value arrived, seconds since the scenario's start.
    """

    time: float
    values: Mapping[str, float]
    quality: Mapping[str, Quality]
    arrived: Mapping[str, float]


Read = Callable[[str], PlcImage]
"""Returns the last image of a PLC, given its name; called from servers' threads."""
Write = Callable[[str, dict[str, float], str, str], None]
"""Takes what a client wrote: PLC, values by actuator (NaN for automatic) or setpoint, the client's
address, and the protocol; called from servers' threads. Raises InputError where nothing can be
written any more."""
Refused = Callable[[str, str, str, str, str, str], None]
"""Is told of a write that the server refused: PLC, what was to be written, the value, the client's
address, the protocol, and why; called from servers' threads."""


def unheard(*_: str) -> None:
    """Tell nobody of a write that was refused."""


class Images:
    """Takes the images of a control system's PLCs, one instant after the other.

    Parameters
    ----------
    plcs : mapping of str to Plc
    late : float
        A value older than this [s] is stale: one that came over a link which no longer delivers.
    """

    def __init__(self, plcs: Mapping[str, Plc], late: float):
        self._plcs, self._late = plcs, late
        self._beats = dict.fromkeys(plcs, 0.0)

    def take(self, now: float) -> dict[str, PlcImage]:
        """Return the image of every PLC at `now` [s], by name."""
        return {name: self._image(name, plc, now) for name, plc in self._plcs.items()}

    def _image(self, name: str, plc: Plc, now: float) -> PlcImage:
        memory = plc.memory
        values = dict(zip(memory.tags, memory.values.tolist(), strict=True))
        arrived = dict(zip(memory.tags, memory.arrived.tolist(), strict=True))
        failed = dict(zip(memory.tags, memory.bad.tolist(), strict=True))
        quality = {
            tag: Quality.BAD if failed[tag] or value != value
            else Quality.STALE if now - arrived[tag] > self._late
            else Quality.GOOD
            for tag, value in values.items()
        }  # fmt: skip
        orders = plc.in_force
        values |= orders | plc.coils
        values |= {f"{MODE}{actuator}": float(orders[actuator] == orders[actuator])
                   for actuator in plc.coils}  # fmt: skip
        if plc.running:
            self._beats[name] = now // plc.every % 0x10000
        values[HEARTBEAT], values[RUNNING] = self._beats[name], float(plc.running)
        return PlcImage(now, values, quality, arrived)


def order(name: str, value: float, image: PlcImage) -> tuple[str, float]:
    """Return the order that is meant where a client writes `value` to a name of an image.

    A mode of 0 leaves the actuator to its PLC, 1 keeps it by hand as it is.
    """
    if not name.startswith(MODE):
        return name, value
    actuator = name.removeprefix(MODE)
    return actuator, image.values[actuator] if value else math.nan
