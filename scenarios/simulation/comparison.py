"""A run beside its pair: what all attacks did, and what each incident did by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from attacks.entries.armed import ArmedEntries
from attacks.entries.entry import ArmedEntry
from scenarios.definition.scenario import Scenario
from scenarios.definition.words import joined
from scenarios.results.damage import Damage, damage
from scenarios.results.incidents import grouped, spans_of
from scenarios.simulation.pair import paired_truth, with_end
from twin.errors import RunError
from twin.plants.spec import PlantSpec


class Comparison(NamedTuple):
    """A run beside the one without its attacks; None where there is no such run.

    `totals` are the pair's running totals at the end, `together` the damage of all attacks,
    `damages` that of each incident, as far as it is known, and `notes` say of which it is not.
    """

    paired: pd.DataFrame | None
    totals: dict[str, float] | None
    together: Damage | None
    damages: dict[str, Damage]
    notes: tuple[str, ...] = ()


def compare(
    scenario: Scenario,
    spec: PlantSpec,
    entries: ArmedEntries,
    truth: pd.DataFrame,
    totals: dict[str, float],
    paired: pd.DataFrame | None,
    on_compare: Callable[[str], None] | None,
) -> Comparison:
    """Compare what a run recorded with its pair.

    Parameters
    ----------
    scenario : Scenario
    spec : PlantSpec
    entries : ArmedEntries
    truth : DataFrame
        As `Run.truth`.
    totals : dict of str to float
        The run's running totals at its end.
    paired : DataFrame or None
        See `paired_truth`.
    on_compare : callable or None
        Told each incident of several as the run without it begins; without, none of them is run.
    """
    if paired is None:
        alone = not scenario.entries  # it is its own pair
        return Comparison(truth if alone else None, totals if alone else None, None, {})
    end = float(len(truth) * spec.step)
    whole = with_end(truth, end, totals)  # a run that was cut short is compared up to there
    last = paired.loc[[end]].iloc[0]
    began = [begin for begin, _ in spans_of(entries)]
    together = damage(whole, paired, min(began, default=end))
    groups = grouped(entries)
    notes: list[str] = []
    if len(groups) == 1:
        damages = dict.fromkeys(groups, together)
    else:
        damages = _each(replace(scenario, duration=end), spec, groups, whole, notes, on_compare)
    usual = {name: float(last[name]) for name in totals}
    return Comparison(paired.loc[truth.index], usual, together, damages, tuple(notes))


def _each(
    scenario: Scenario,
    spec: PlantSpec,
    groups: Mapping[str, Sequence[ArmedEntry]],
    truth: pd.DataFrame,
    notes: list[str],
    on_compare: Callable[[str], None] | None,
) -> dict[str, Damage]:
    """Return what each incident did, as far as that is known; where not, say why in `notes`."""
    damages: dict[str, Damage] = {}
    unknown: list[str] = []
    for name, members in groups.items():
        began = [begin for begin, _ in spans_of(members)]
        if not began:
            damages[name] = {}
        elif on_compare is None or unknown:
            unknown.append(name)
        else:
            try:
                on_compare(name)
                damages[name] = damage(truth, paired_truth(scenario, spec, name), min(began))
            except RunError as error:
                notes.append(f"what {name} did is not known: the run without it failed, {error}")
            except KeyboardInterrupt:
                unknown.append(name)
    if unknown:
        notes.append(f"stopped by the user: what {joined(unknown)} did is not known")
    return damages
