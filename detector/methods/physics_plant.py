"""A plant's control rules and tags as plain data: what `physics` knows of it beside its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict


class _Plain(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Point(_Plain):
    """A tag, as sentences name it.

    Attributes
    ----------
    element
        The tank, pump, valve or junction it is measured at.
    unit
        Empty for a status.
    plc
        The PLC that measures it.
    district
        The district its element lies in or pumps to; empty where in none.
    """

    element: str
    unit: str = ""
    plc: str = ""
    district: str = ""


class Control(_Plain):
    """When a PLC opens and closes a pump or valve.

    Attributes
    ----------
    actuator
        The pump or valve.
    plc
        The PLC that drives it.
    status, flow
        Tags that tell whether it is open; one may be missing.
    level
        The tag its rules compare; empty where it has no rule.
    opens_below, closes_above
        Thresholds in the tag's unit.
    """

    actuator: str
    plc: str
    status: str | None = None
    flow: str | None = None
    level: str = ""
    opens_below: float | None = None
    closes_above: float | None = None


class Plant(_Plain):
    """What `physics` knows of a plant; without it, it judges columns alone.

    Attributes
    ----------
    points
        By tag.
    controls
        Of every pump and valve that a PLC drives.
    rims
        Level [m] at which a tank is full and its inlet closes, by level tag.
    """

    points: Mapping[str, Point] = {}
    controls: Sequence[Control] = ()
    rims: Mapping[str, float] = {}

    def point(self, tag: str) -> Point:
        """Return what is known of a tag; of an unknown one, its name without `L_` and the like."""
        return self.points.get(tag) or Point(element=tag.partition("_")[2] or tag)
