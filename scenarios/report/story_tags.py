"""Which readings the story has a panel for, and which that were altered have none."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from scenarios.results.damage import DAMAGE
from scenarios.results.impact import COUNTERS
from scenarios.results.run import Run
from twin.tags import Tag

_LIES, _HURT, _TANKS = 4, 4, 2  # so many tags, as a rule, and if one an entry is not more
_PANELS = 8  # at most


def told_tags(run: Run) -> list[Tag]:
    """Return the tags to tell of: harmed tanks, what was lied about, levels the attack moved.

    Of each entry that altered any, one at least as long as there is room. Statuses are told of
    beside the pumps and valves they are of.
    """
    tags = {tag.name: tag for tag in run.spec.tags if tag.quantity != "status"}
    aimed = [tag for one in run.scenario.entries for tag in (*one.tags, one.port.target)]
    ranked = [tag for tag in dict.fromkeys([*run.views.lies, *aimed]) if tag in tags]
    hurt = _hurt(run)[:_HURT]
    told = _one_each(run, ranked, hurt)[: _PANELS - len(hurt)]
    told += [tag for tag in ranked if tag not in told][: max(0, _LIES - len(told))]
    room = min(_TANKS - len(hurt), _PANELS - len(hurt) - len(told))
    told += [tag for tag in _moved(run) if tag not in (*told, *hurt)][: max(0, room)]
    if not told and not hurt:
        told = [t for t in tags if tags[t].quantity == "level"]
    rest = [tag for tag in run.spec.tags if tag.name in told and tag.name not in hurt]
    return [*(tags[name] for name in hurt), *rest]


def left_out(run: Run, tags: Sequence[Tag], devices: Collection[str]) -> list[str]:
    """Return what was altered and is neither among tags told of nor at a device told of."""
    told = {tag.name for tag in tags}
    drawn = {tag.name for tag in run.spec.tags if tag.quantity != "status"}
    altered = {name for some in run.labels["altered"] for name in some} - told
    out = [n for n in altered if n in drawn or run.spec.element(n) not in devices]
    place = {name: i for i, name in enumerate(run.spec.tag_names)}
    return sorted(out, key=lambda name: (place.get(name, len(place)), name))


def _one_each(run: Run, ranked: Sequence[str], hurt: Sequence[str]) -> list[str]:
    """Return one tag of each entry that altered some of `ranked`, attacks first."""
    told: list[str] = []
    for entry in (*run.scenario.attacks, *run.scenario.faults):
        mine = run.labels.loc[run.labels["entry"] == entry.name, "altered"]
        altered = {name for some in mine for name in some}
        some = [tag for tag in ranked if tag in altered]
        if some and not altered & {*told, *hurt}:
            told.append(some[0])
    return told


def _hurt(run: Run) -> list[str]:
    """Return the levels of tanks that ran empty or over as they did not without the attacks."""
    if run.paired is None:
        return []
    since: dict[str, float] = {}
    for name in {"overflow_m3", "empty_tank_h"} & set(run.damage or {}):
        head, tail = COUNTERS[name]
        for tag in run.spec.tags:
            column = f"{head}{tag.element}{tail}"
            if tag.quantity == "level" and column in run.truth:
                past = (run.truth[column] - run.paired[column]) > DAMAGE[name]
                if past.any():
                    first = float(str(past.idxmax()))
                    since[tag.name] = min(first, since.get(tag.name, first))
    return sorted(since, key=lambda tag: since[tag])


def _moved(run: Run) -> list[str]:
    """Return the levels the attacks moved, the most moved in its tank's height first."""
    if run.paired is None or not run.scenario.entries:
        return []
    moved = {}
    for tag in run.spec.tags:
        if tag.quantity == "level":
            off = (run.truth[tag.name] - run.paired[tag.name]).abs().mean()
            moved[tag.name] = float(off) / run.spec.model.get_node(tag.element).max_level
    return [tag for tag in sorted(moved, key=lambda t: -moved[t]) if moved[tag] > 0.01]
