"""One case simulated once, and what each detector made of what SCADA showed."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from attacks.entries.entry import Entry
from attacks.entries.targets import elements, touched
from detector import Cause, Detector, Episodes, Score
from detector.base import WEEK
from scenarios.bench.recipes import Case
from scenarios.bench.recording import Recording, record, usual
from scenarios.definition.scenario import Scenario, scenario_data
from scenarios.definition.schema import from_data
from scenarios.results.damage import damage, first
from scenarios.results.impact import counters
from scenarios.results.incidents import AFTERMATH, merged
from scenarios.simulation.cache import code_digest
from scenarios.simulation.watch import needed_detector, shadow_of
from scenarios.sweeps.job import Record, job_of, plant_of
from twin.errors import InputError
from twin.plants.spec import PlantSpec
from twin.shadow.perturbation import Perturbation
from twin.units import HOUR

_SHOWN = 0.005
"""By how much a shown value differs from the usual one to be seen to [its unit]: what two decimals
leave open."""
_MEMORY = 72 * HOUR  # s of frames before an alarm that its causes are worked out from
_WATER = ["overflow_m3", "leaked_m3", "unmet_m3"]
_FEW = 10  # tags; where more are attacked, naming one is no feat
_LEAD = 48 * HOUR  # s of warm-up that is enough for a detector on a wrong shadow twin


@dataclass(frozen=True)
class Watch:
    """A detector and the shadow twin it is given.

    Attributes
    ----------
    name : str
        What tables call the detector.
    detector : str
        Its kind, or its checkpoint.
    setting : str
        What is wrong with the shadow twin; empty for the detector as it ships.
    draw : int
        Which draw of its errors.
    errors : tuple of (str, float)
        Fields of `Perturbation`.
    """

    name: str
    detector: str
    setting: str = ""
    draw: int = 0
    errors: tuple[tuple[str, float], ...] = ()

    @property
    def perturbation(self) -> Perturbation | None:
        """The errors of the shadow twin, drawn; None where it has none."""
        return Perturbation(seed=self.draw, **dict(self.errors)) if self.errors else None


@dataclass(frozen=True)
class Trial:
    """A case under some detectors: what a worker is given.

    Attributes
    ----------
    key : str
    text : str
        The scenario, as JSON.
    about : tuple of (str, str or int)
        Label, family, size, words, run and law of its recipe.
    watches : tuple of (str, Watch)
        Each under the key of its row.
    """

    key: str
    text: str
    about: tuple[tuple[str, str | int], ...]
    watches: tuple[tuple[str, Watch], ...]
    out: str = ""

    @property
    def detectors(self) -> tuple[str, ...]:
        """The names of its detectors."""
        return tuple(watch.name for _, watch in self.watches)


def row_key(case: Case, watch: Watch) -> str:
    """Name all that the row of a case under a detector depends on."""
    digest = hashlib.sha256(job_of(case.scenario, [watch.detector]).key.encode())
    digest.update(code_digest(Path(__file__).parents[2], ("scenarios/bench",)))
    about = [case.label, case.family, case.size, case.run, asdict(watch)]
    digest.update(json.dumps(about).encode())
    return digest.hexdigest()[:32]


def trial_of(case: Case, watches: Sequence[tuple[str, Watch]]) -> Trial:
    """Return the trial of a case under detectors, each with the key of its row."""
    about: dict[str, str | int] = {
        "label": case.label,
        "family": case.family,
        "size": case.size,
        "what": case.words,
        "run": case.run,
        "law": case.law,
    }
    key = hashlib.sha256("".join(key for key, _ in watches).encode()).hexdigest()[:32]
    text = json.dumps(scenario_data(case.scenario), ensure_ascii=False)
    return Trial(key, text, tuple(about.items()), tuple(watches))


def attempt(trial: Trial) -> Record:
    """Do a trial, in whatever process this is; what fails comes back as rows with an error."""
    began = time.perf_counter()
    scenario = from_data(json.loads(trial.text))
    facts: dict[str, Any] = {**dict(trial.about), "seed": scenario.seed, "name": scenario.name}
    shadows: dict[Any, pd.DataFrame] = {}
    rows = []
    try:
        spec = plant_of(scenario)
        seen = record(scenario, spec)
        known, lost = _facts(seen, scenario)
        facts |= known
    except Exception as error:
        facts |= _failure(error)
    for key, watch in trial.watches:
        row = {"key": key, **facts, **_named(watch)}
        if "error" not in facts:
            try:
                row |= {"status": "done", **_row(seen, scenario, spec, watch, shadows, facts)}
                row |= _lost(lost, row)
            except Exception as error:
                row |= _failure(error)
        rows.append(row)
    wall = round(time.perf_counter() - began, 3)
    return {"key": trial.key, "rows": rows, "wall_s": wall}


def _failure(error: Exception) -> dict[str, str]:
    kind = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
    return {"status": "failed", "error": f"{kind}{error}"}


def _named(watch: Watch) -> dict[str, Any]:
    return {"detector": watch.name, "setting": watch.setting, "draw": watch.draw}


def _facts(seen: Recording, scenario: Scenario) -> tuple[dict[str, Any], pd.Series[float]]:
    """Return what is so whoever watches: when it began, could be seen, and did damage.

    And the water that it has cost so far, by time [s]: spilled, leaked or not delivered [m³].
    """
    if not scenario.entries or not seen.spans:
        nothing: dict[str, Any] = {"spans_s": [], "visible_s": None, "damage_h": None, "harm": ""}
        return nothing, pd.Series(0.0, index=seen.truth.index)
    start, end = seen.spans[0][0], seen.spans[-1][1]
    pair = usual(scenario)
    apart = (seen.frames - pair.frames.loc[seen.frames.index]).abs()
    odd = (apart > _SHOWN) | (seen.frames.isna() & pair.frames.loc[seen.frames.index].notna())
    shown = odd.any(axis=1).to_numpy() & (seen.frames.index >= start)
    visible = [at for at in seen.frames.index[shown] if at < end]
    usual_truth = pair.truth.loc[seen.truth.index]
    harms = damage(seen.truth, usual_truth, start)
    lost = counters(seen.truth)[_WATER].sum(axis=1) - counters(usual_truth)[_WATER].sum(axis=1)
    facts = {
        "spans_s": [[begin, until] for begin, until in seen.spans],
        "visible_s": visible[0] if visible else None,
        "damage_h": first(harms),
        "harm": ", ".join(f"{name} {harm.most:.4g}" for name, harm in harms.items()),
    }
    return facts, lost


def _lost(lost: pd.Series[float], row: dict[str, Any]) -> dict[str, float]:
    """Return what water an incident cost in all, and until an alarm was raised for it [m³]."""
    until = float(lost.index[-1])
    if row.get("detected"):
        until = row["visible_s"] + row["delay_min"] * 60.0
    return {"harm_m3": float(lost.iloc[-1]), "harm_until_m3": float(lost.loc[:until].iloc[-1])}


def _row(
    seen: Recording,
    scenario: Scenario,
    spec: PlantSpec,
    watch: Watch,
    shadows: dict[Any, pd.DataFrame],
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Return what a detector made of it."""
    detector = _load(watch, scenario, spec)
    table = seen.frames[seen.frames.index % detector.interval_s == 0]
    if watch.setting:
        table = table[table.index >= -_LEAD]
    began = time.process_time()
    if detector.columns_wanted == "tags+shadow":
        known = watch.perturbation or Perturbation.of(detector.perturb)
        with_shadow = (known, detector.interval_s, len(table))
        if with_shadow not in shadows:
            with closing(shadow_of(scenario, known)(spec, detector.interval_s)) as twin:
                shadows[with_shadow] = twin.extend_table(table)
        shadow_ms = shadows[with_shadow].attrs.setdefault(
            "ms", (time.process_time() - began) / len(table) * 1e3
        )
        table = pd.concat([table, shadows[with_shadow]], axis="columns")
    else:
        shadow_ms = 0.0
    began = time.process_time()
    scores = detector.score(table)
    ms = (time.process_time() - began) / len(table) * 1e3
    alarms = (scores > detector.threshold) & (table.index.to_numpy() >= 0)
    episodes = Episodes.of(table.index, alarms)
    row = {
        "interval_s": detector.interval_s,
        "ms": ms + shadow_ms,
        "weeks": scenario.duration / WEEK,
        "episodes_s": [[each.start, each.end] for each in episodes],
    }
    row |= _verdict(row["episodes_s"], seen, table, detector, scenario, spec, facts)
    if row.get("detected"):
        raised = facts["visible_s"] + row["delay_min"] * 60.0
        stood = (table.index >= raised) & (table.index <= raised + row["stood_h"] * HOUR)
        row["peak"] = float(scores[stood].max()) / detector.threshold
    return row


def _verdict(
    episodes: list[list[float]],
    seen: Recording,
    table: pd.DataFrame,
    detector: Detector,
    scenario: Scenario,
    spec: PlantSpec,
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Return when an incident was noticed, for how long, and what the alarm named."""
    visible = facts["visible_s"]
    if visible is None:
        return {}
    raised = noticed(episodes, seen.spans, visible)
    harmed = facts["damage_h"]
    found: dict[str, Any] = {
        "detected": raised is not None,
        "already_on": any(start < visible <= end for start, end in episodes),
        "before_damage": None,
    }
    if harmed is not None:
        found["before_damage"] = raised is not None and raised[0] / HOUR <= harmed
    if raised is None:
        return found
    score = _scored(detector, table, raised[0])
    found |= {
        "delay_min": (raised[0] - visible) / 60.0,
        "stood_h": (raised[1] - raised[0]) / HOUR,
        "words": detector.explain(score),
    }
    found["named_law"] = law_of(score.causes)
    return found | _localised(score.causes, scenario.entries, spec)


def noticed(
    episodes: Sequence[Sequence[float]], spans: Sequence[Sequence[float]], visible: float
) -> tuple[float, float] | None:
    """Return the first episode that is raised while an incident lasts and can be seen.

    As in `scenarios.results.incidents`: one that was on before tells the operator nothing new.

    Parameters
    ----------
    episodes : sequence of (float, float)
        First and last alarmed frame of each [s].
    spans : sequence of (float, float)
        When the incident was active [s].
    visible : float
        The first frame that shows it [s].
    """
    lasts = merged(((begin, end) for begin, end in spans), AFTERMATH)
    for start, end in episodes:
        if start >= visible and any(a <= start < b for a, b in lasts):
            return start, end
    return None


def _load(watch: Watch, scenario: Scenario, spec: PlantSpec) -> Detector:
    return needed_detector(watch.detector, scenario, spec)


def _scored(detector: Detector, table: pd.DataFrame, at: float) -> Score:
    """Return the score of a frame with its causes, which only a stream tells."""
    rows = table.loc[at - _MEMORY : at, list(detector.tags)]
    stream = detector.stream()
    scores = [
        stream.score_one(float(when), values)
        for when, values in zip(rows.index, rows.to_numpy(dtype=float), strict=True)
    ]
    return scores[-1]


def law_of(causes: Sequence[Cause]) -> str:
    """Return which law the first cause says is broken; empty where it names a tag."""
    if not causes or causes[0].kind == "tag":
        return ""
    return causes[0].name.partition(" of ")[0].partition(" at ")[0]


def _localised(
    causes: Sequence[Cause], entries: Sequence[Entry], spec: PlantSpec
) -> dict[str, Any]:
    """Return at which place, from 1, the causes name an attacked tag or district, and its PLC.

    Nothing is said where more than a few tags are attacked; infinite places are None. A cause that
    blames a district's demand names none of its tags.
    """
    tags, plcs, districts = attacked(entries, spec)
    if len(tags) > _FEW:
        return {"localisable": False}
    plc_of = {tag.name: tag.plc for tag in spec.tags}
    by_tag = by_plc = math.inf
    for place, cause in enumerate(causes, 1):
        about = cause.tags or (cause.name.rpartition(":")[2],)
        named = (districts, cause.name.split()) if cause.kind == "district" else (tags, about)
        if named[0].intersection(named[1]):
            by_tag = min(by_tag, place)
        if plcs.intersection(plc_of.get(tag, "") for tag in about):
            by_plc = min(by_plc, place)
    return {
        "localisable": True,
        "tag_place": int(by_tag) if np.isfinite(by_tag) else None,
        "plc_place": int(by_plc) if np.isfinite(by_plc) else None,
    }


def attacked(entries: Sequence[Entry], spec: PlantSpec) -> tuple[set[str], set[str], set[str]]:
    """Return the tags that entries are about, the PLCs that hold or send them, and districts.

    A tag is theirs if it is of an element that they act on; of the water itself, if it is read in
    the district where they act; of an entry without either, if they may change it.
    """
    tags: set[str] = set()
    plcs: set[str] = set()
    districts: set[str] = set()
    for entry in entries:
        port = entry.port
        named = {*elements(entry, spec), port.target}
        about = {tag.name for tag in spec.tags if tag.element in named}
        if port.family == "plant" and not about:
            near = _districts(port.target, spec)
            about = {tag.name for tag in spec.tags for dma in near if tag.element in spec.dmas[dma]}
            districts |= near
        tags |= about or {*touched(entry, spec)}
        plcs |= {port.target, port.sender, port.receiver} & {*spec.plcs}
    devices = {spec.element(tag) for tag in tags}
    plcs |= {plc.name for plc in spec.plcs.values() if devices.intersection(plc.actuators)}
    return tags, plcs | {tag.plc for tag in spec.tags if tag.name in tags}, districts


def _districts(place: str, spec: PlantSpec) -> set[str]:
    """Return the districts that a junction or pipe lies in, or the one that it is."""
    model = spec.model
    ends = {place}
    if place in model.link_name_list:
        link = model.get_link(place)
        ends = {link.start_node_name, link.end_node_name}
    return {name for name, members in spec.dmas.items() if name == place or ends & {*members}}
