"""What the changing parts of the process picture show of a snapshot."""

from __future__ import annotations

import math
from collections.abc import Mapping

from scenarios.live.alarms import LiveAlarm
from scenarios.live.history import History
from scenarios.live.picture import TREND, Drawing
from scenarios.live.process import tag_of
from scenarios.live.snapshot import Snapshot, held
from twin.plants.spec import PlantSpec
from twin.tags import Quality
from twin.units import DAY, rounded

DECIMALS = {"level": 2, "flow": 1, "pressure": 1, "status": 0}
QUALITY_MARKS = {Quality.GOOD: "", Quality.STALE: "old", Quality.BAD: "bad"}
"""What stands before a value that is not good: it is old, or its instrument failed."""
SHAPES = {1: "M-8 -8H8V8H-8z", 2: "M0 -9L10 8H-10z", 3: "M0 -10L9 0L0 10L-9 0z"}
"""Of the marks of alarms by priority: a square, a triangle, a diamond; each holds its number."""
_POINTS = 60
Changes = dict[str, dict[str, str]]
"""By id of a part: its attributes, and its `text`."""


def shown(spec: PlantSpec, now: Snapshot, tag: str) -> str:
    """Return what SCADA shows of a tag: value and unit, behind a mark where it is not good."""
    place = spec.tag_names.index(tag)
    known = spec.tags[place]
    value, quality = float(now.seen[place]), Quality(int(now.quality[place]))
    if math.isnan(value):
        return "no value"
    words = spec.reading(tag, value, DECIMALS[known.quantity])
    mark = QUALITY_MARKS[quality]
    return f"{mark} {words}" if mark else words


def quality_words(quality: int) -> str:
    """Return what a quality means."""
    return {Quality.GOOD: "good", Quality.STALE: "old", Quality.BAD: "bad"}[Quality(int(quality))]


def age(seconds: float) -> str:
    """Return how old something is, in words."""
    if not math.isfinite(seconds):
        return "never polled"
    if seconds < 120:
        return f"{seconds:.0f} s ago"
    return f"{seconds / 60:.0f} min ago" if seconds < 7200 else f"{seconds / 3600:.1f} h ago"


def running(spec: PlantSpec, now: Snapshot, device: str) -> bool | None:
    """Return whether SCADA sees a pump run or a valve open; None where it sees nothing of it."""
    tag = tag_of(spec, device, "status")
    if not tag:
        return None
    value = float(now.seen[spec.tag_names.index(tag)])
    return None if math.isnan(value) else value > 0


def state_words(spec: PlantSpec, now: Snapshot, device: str) -> str:
    """Return what a pump or valve does, as SCADA sees it, and whether its PLC holds it by hand."""
    on = running(spec, now, device)
    pump = device in spec.model.pump_name_list
    words = {
        None: "unknown",
        True: "running" if pump else "open",
        False: "stopped" if pump else "closed",
    }[on]
    if on is not None:
        quality = now.quality[spec.tag_names.index(tag_of(spec, device, "status"))]
        words = f"{QUALITY_MARKS[Quality(int(quality))]} {words}".strip()
    plc = next((plc for plc, known in spec.plcs.items() if device in known.actuators), "")
    by_hand = not math.isnan(held(now, plc, device))
    return f"{words}, hand" if by_hand else words


class Values:
    """The changing parts of a drawing, worked out once a snapshot for all pages.

    Parameters
    ----------
    spec : PlantSpec
    drawing : Drawing
    """

    def __init__(self, spec: PlantSpec, drawing: Drawing):
        self._spec, self._drawing = spec, drawing
        self._known: tuple[object, Changes] = (None, {})
        self._devices = [of.partition(":")[2] for of in drawing.ids if of.startswith("state:")]
        self._tags = [of.partition(":")[2] for of in drawing.ids if of.startswith("tag:")]
        self._element = {tag.name: tag.element for tag in spec.tags}

    def of(self, now: Snapshot, history: History, alarms: list[LiveAlarm]) -> Changes:
        """Return every changing part as it is now."""
        key = (now.number, int(now.time), tuple((a.key, a.state) for a in alarms))
        if self._known[0] != key:
            self._known = (key, self._worked_out(now, history, alarms))
        return self._known[1]

    def _worked_out(self, now: Snapshot, history: History, alarms: list[LiveAlarm]) -> Changes:
        spec, ids = self._spec, self._drawing.ids
        changes: Changes = {}
        place = {tag: i for i, tag in enumerate(spec.tag_names)}
        for tag in self._tags:
            quality = Quality(int(now.quality[place[tag]]))
            name = ids[f"tag:{tag}"]
            kind = "big" if f"level:{self._element[tag]}" in ids else "value end"
            state = {Quality.GOOD: "", Quality.STALE: " stale", Quality.BAD: " bad"}[quality]
            changes[name] = {"text": shown(spec, now, tag), "class": kind + state}
        for vessel in self._drawing.vessels:
            if vessel.tag:
                changes |= self._vessel(now, history, vessel.tag, place)
        for device in self._devices:
            on = running(spec, now, device)
            kind = {None: "unknown", True: "on", False: "off"}[on]
            changes[ids[f"device:{device}"]] = {"class": f"device {kind}"}
            changes[ids[f"state:{device}"]] = {"text": state_words(spec, now, device)}
        for name, plc in now.plcs.items():
            late = now.time - plc.answered > 2.5 * spec.plcs[name].polling
            changes[ids[f"polled:{name}"]] = {
                "text": age(now.time - plc.answered) if plc.running else "does not run",
                "class": "small bad" if late or not plc.running else "small",
            }
        return changes | self._marks(alarms)

    def _vessel(
        self, now: Snapshot, history: History, tag: str, place: Mapping[str, int]
    ) -> Changes:
        vessel = next(v for v in self._drawing.vessels if v.tag == tag)
        ids = self._drawing.ids
        value = float(now.seen[place[tag]])
        past = history.of(tag, now.frame - DAY, most=_POINTS)
        right = vessel.x + TREND + vessel.plot
        points = [
            f"{right - vessel.plot * (now.frame - at) / DAY:.1f},{vessel.level(v):.1f}"
            for at, v in zip(past.times.tolist(), past.values.tolist(), strict=True)
            if not math.isnan(v)
        ]
        changes: Changes = {ids[f"trend:{vessel.tank}"]: {"points": " ".join(points)}}
        if math.isnan(value):
            return changes | {ids[f"level:{vessel.tank}"]: {"class": "water unknown"}}
        top = vessel.level(value)
        good = now.quality[place[tag]] == Quality.GOOD
        changes[ids[f"level:{vessel.tank}"]] = {
            "y": f"{top:.1f}",
            "height": f"{vessel.y + vessel.height - top:.1f}",
            "class": "water" if good else "water unknown",
        }
        return changes

    def _marks(self, alarms: list[LiveAlarm]) -> Changes:
        """Return the marks of the worst alarm of each tank, device, tag and PLC."""
        worst: dict[str, LiveAlarm] = {}
        for alarm in alarms:
            source = alarm.key.source
            for about in (source, self._element.get(source, source)):
                known = worst.get(about)
                if known is None or _rank(alarm) < _rank(known):
                    worst[about] = alarm
        changes: Changes = {}
        for of, name in self._drawing.ids.items():
            if not of.startswith("alarm:"):
                continue
            found = worst.get(of.partition(":")[2])
            if found is None:
                changes[name] = {"class": "mark none"}
                continue
            priority = found.cls.priority
            new = "" if found.acknowledged else " new"
            changes[name] = {"class": f"mark p{priority}{new}"}
            changes[f"{name}s"] = {"d": SHAPES[priority]}
            changes[f"{name}t"] = {"text": str(priority)}
        return changes


def _rank(alarm: LiveAlarm) -> tuple[int, bool]:
    return alarm.cls.priority, bool(alarm.acknowledged)


def changed(before: Changes, now: Changes) -> Changes:
    """Return the parts that are not as they were."""
    return {name: part for name, part in now.items() if before.get(name) != part}


def number(value: float, decimals: int) -> str:
    """Return a number for a table: `no value` where there is none."""
    return "no value" if math.isnan(value) else rounded(value, decimals)
