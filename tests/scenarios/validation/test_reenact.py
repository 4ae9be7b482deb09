"""BATADAL's attacks, re-enacted: the scenarios against the rows, and the comparison itself."""

import json
import re
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import scenarios
from detector import DataError
from detector.benchmark.batadal import ATTACKS
from detector.records.record import Record, read
from scenarios.cli import app
from scenarios.definition.schema import from_data, load, path_of
from scenarios.experiments.dataset import write
from scenarios.validation.hidden_readings import HiddenReadings
from scenarios.validation.reconstruction import reconstruct
from scenarios.validation.record_window import RecordWindow
from scenarios.validation.reenact import attacked_tags, reenact
from scenarios.validation.rerun import one_step_ahead
from twin.errors import InputError
from twin.units import HOUR

NUMBERS = range(1, 15)


def scenario(number):
    return load(f"batadal-{number:02}")


def hours(entry):
    """Return the rows in which an entry acts, counted from the scenario's start."""
    when = entry.when
    end = min(when.ends, when.begins + when.lasts)
    return range(int(-(-when.begins // HOUR)), int(-(-end // HOUR)))


def replays(number):
    return [entry for entry in scenario(number).attacks if entry.do.kind == "replay"]


@pytest.fixture(scope="module")
def spec():
    return scenario(3).plant_spec()


@pytest.fixture(scope="module")
def dataset04(batadal_folder, spec):
    path = batadal_folder / "dataset04_labelled.csv"
    if not path.is_file():
        pytest.skip(f"no {path.name} in {batadal_folder}")
    return read(path, spec.tag_names)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_scenario_covers_the_published_hours_and_a_day_on_either_side(number):
    attack, found = ATTACKS[number - 1], scenario(number)
    assert found.start == attack.start - timedelta(days=1)
    assert found.duration == (attack.hours + 48) * HOUR
    assert found.overflow == "close"
    acting = [hour for entry in found.attacks for hour in hours(entry)]
    assert {min(acting), max(acting)} <= {23, 24, 22 + attack.hours, 23 + attack.hours}


def test_a_tank_that_closes_does_not_spill(spec):
    assert not any(tank.overflow for _, tank in spec.read_model().tanks())
    assert any(tank.overflow for _, tank in load("normal").plant_spec().read_model().tanks())


@pytest.mark.parametrize("number", [number for number in range(1, 8) if replays(number)])
def test_replayed_rows_repeat_the_two_days_before_to_the_hour(dataset04, number):
    window = RecordWindow.of(
        dataset04, scenario(number).start, int(scenario(number).duration / HOUR) - 1
    )
    rows = pd.DataFrame(window.rows, columns=dataset04.table.columns)
    for entry in replays(number):
        shown = list(entry.tags)
        if entry.do.noise:
            continue
        acts = hours(entry)
        now = rows[shown].iloc[[window.lead + hour for hour in acts]].to_numpy()
        then = [window.lead + acts[0] - 48 + (hour - acts[0]) % 48 for hour in acts]
        assert (now == rows[shown].iloc[then].to_numpy()).all()
        before = window.lead + acts[0] - 1
        assert (rows[shown].iloc[before] != rows[shown].iloc[before - 48]).any()
        after = window.lead + acts[-1] + 1
        source = window.lead + acts[0] - 48 + (acts[-1] + 1 - acts[0]) % 48
        level = [tag for tag in shown if tag.startswith(("L_", "P_"))]
        assert (rows[level].iloc[after] != rows[level].iloc[source]).all()


def test_the_noise_of_attack_4_is_at_most_a_quarter_of_a_metre(dataset04):
    window = RecordWindow.of(dataset04, scenario(4).start, 140)
    level = window.rows[window.lead :, 0]
    tape = window.rows[window.lead + 23 - 48 :][:48, 0]
    off = level[23:117] - np.resize(tape, 94)
    hide = next(entry for entry in replays(4) if entry.tags == ("L_T1",))
    assert hide.do.noise == 0.25
    assert 0.23 < np.abs(off).max() < 0.255
    assert off.std() == pytest.approx(0.25 / np.sqrt(3), abs=0.02)


def test_attack_3_is_a_staircase(dataset04, spec):
    window = RecordWindow.of(dataset04, scenario(3).start, 108)
    hidden = np.array(spec.tag_names) == "L_T1"
    steps = {22: 0, 23: -0.5, 42: -0.5, 43: -1.0, 62: -1.0, 63: -2.0, 82: -2.0, 83: 0.0}
    with HiddenReadings(spec) as readings:
        for hour, step in steps.items():
            row = window.rows[window.lead + hour]
            state, _ = readings.reconstruct(row, hidden, row)
            assert row[0] - state[0] == pytest.approx(step, abs=0.04)
    entry = next(entry for entry in scenario(3).attacks if entry.do.kind == "polyline")
    acts = hours(entry)
    said = {acts[0] + int(since / HOUR): offset for since, offset in entry.do.points}
    assert entry.do.staircase
    assert {**said, acts[-1] + 1: 0} == {23: -0.5, 43: -1.0, 63: -2.0, 83: 0}


def test_attack_3_fills_t1_to_its_rim(dataset04, spec):
    window = RecordWindow.of(dataset04, scenario(3).start, 108)
    rows = pd.DataFrame(window.rows[window.lead :], columns=list(spec.tag_names))
    true = rows["L_T1"].iloc[63:83] + 2.0
    assert true.max() == spec.model.get_node("T1").max_level == 6.5
    assert rows["F_PU1"].iloc[true.index[true == 6.5]].min() == pytest.approx(39, abs=1)


def fill_t3():
    """Return an attack that fills T3 up behind a replay of its level."""
    false_low = {"on": "link:PLC4->PLC3", "do": {"constant": {"value": 0.5}}}
    hide = {"on": "link:PLC4->SCADA", "do": {"replay": {"window": "6 h"}}}
    return [{**entry, "tags": ["L_T3"]} for entry in (false_low, hide)]


def drain_t7():
    """Return an attack like BATADAL's first."""
    sent = {"on": "link:SCADA->PLC5"}
    opens, closes = (
        [f"SP_{pump}_{word}" for pump in ("PU10", "PU11")] for word in ("open", "closed")
    )
    return [
        {**sent, "tags": opens, "do": {"constant": {"value": 0.5}}},
        {**sent, "tags": closes, "do": {"constant": {"value": 1.0}}},
        {"on": "link:PLC9->SCADA", "tags": ["L_T7"], "do": {"replay": {"window": "6 h"}}},
    ]


def own(attacks, start="2026-01-05 00:00", since=6, duration=26):
    """Return a scenario short enough to be run, and re-enacted, within seconds."""
    when = {"from": f"{since} h", "for": "12 h"}
    data = {"name": "own", "start": start, "duration": f"{duration} h", "overflow": "close"}
    control = {"step": "15 min", "polling": "15 min", "scan": {"crossings": "engine"}}
    entries = [{**entry, "when": when} for entry in attacks]
    return from_data({**data, "warmup": "48 h", "control": control, "attacks": entries})


def hourly(attacks, path):
    """Return what SCADA shows of `own` from 8 h before its start, as a record; and the truth."""
    early = own(attacks, "2026-01-04 16:00", since=14, duration=34)
    run = scenarios.run(early, watch=False, pair=False)
    shown, true = (table[table.index % HOUR == 0] for table in (run.scada, run.truth))
    shown.index = pd.DatetimeIndex(early.start + pd.to_timedelta(shown.index, unit="s"))
    write(Record(path, shown, np.zeros(len(shown), dtype=int)))
    return read(path, tuple(shown.columns)), true[list(shown.columns)].to_numpy()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Return a record of `own`, T3 being filled up."""
    return hourly(fill_t3(), tmp_path_factory.mktemp("own") / "own.csv")[0]


@pytest.mark.slow
def test_the_twin_follows_its_own_record(recorded):
    found = reenact(own(fill_t3()), recorded)
    assert found.attacked == ("L_T3", "F_PU4", "S_PU4", "F_PU5", "S_PU5")
    assert found.normal is None
    assert found.guided.attacked < 0.05
    assert found.free.attacked < 0.05
    assert found.free.attacked_without > 0.5
    assert found.guided.as_dict()["median"] < 0.05


def test_a_level_that_no_row_tells_is_found_by_what_its_pumps_do(tmp_path):
    scenario = own(drain_t7())
    record, true = hourly(drain_t7(), tmp_path / "own.csv")
    spec = scenario.plant_spec()
    window = RecordWindow.of(record, scenario.start, 25)
    state = reconstruct(spec, scenario, window)
    assert state.before_attack == window.lead + 6
    level, pump = (spec.tag_names.index(tag) for tag in ("L_T7", "S_PU10"))
    hours = range(window.lead + 6, window.lead + 18)
    off = np.abs(state.rows - true[: len(state.rows)])[hours, level]
    shown = np.abs(window.rows - true[: len(state.rows)])[hours, level]
    assert np.median(off) < 0.06 < 1.0 < np.median(shown)
    view, _ = one_step_ahead(spec, scenario, window, state)
    wrong = (view != window.rows)[hours, pump]
    assert wrong.sum() <= 1


def test_a_level_that_rows_tell_needs_no_particle_filter(dataset04, spec):
    rows = RecordWindow.of(dataset04, scenario(3).start, 3).rows
    told, untold = (np.array([spec.tag_names.index(tag)]) for tag in ("L_T1", "L_T7"))
    with HiddenReadings(spec) as readings:
        assert readings.observable(rows[-1], told)
        assert not readings.observable(rows[-1], untold)


def test_a_file_of_another_time_is_refused(recorded):
    with pytest.raises(InputError, match="it holds 2026-01-04 16 h to 2026-01-06 01 h, and not"):
        reenact(scenario(3), recorded)


def test_attacked_tags_follow_what_an_attack_switches(spec):
    assert attacked_tags(spec, scenario(1).attacks) == (
        *("L_T7", "F_PU10", "S_PU10", "F_PU11", "S_PU11"),
    )
    assert "P_J269" in attacked_tags(spec, scenario(4).attacks)
    assert attacked_tags(spec, scenario(10).attacks) == ("F_PU3", "S_PU3")


def test_the_command_names_what_is_wrong(tmp_path):
    missing = CliRunner().invoke(app, ["batadal", "reenact", "3", "--data", str(tmp_path / "no")])
    assert isinstance(missing.exception, DataError)
    assert CliRunner().invoke(app, ["batadal", "reenact", "15", "--data", "x"]).exit_code == 2


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, 8))
def test_the_rows_of_dataset04_are_met(dataset04, batadal_folder, tmp_path, number):
    command = ["batadal", "reenact", str(number), "--data", str(dataset04.path), "--json"]
    done = CliRunner().invoke(app, [*command, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["guided"]["median"] <= 0.2
    # Of attack 1 two hours of 50 are forecast wrong (.37), four with some seeds (.52).
    most = 0.6 if number == 1 else 0.2
    assert found["guided"]["attacked"] <= most < found["guided"]["attacked_without"]
    if number > 1:  # no run follows PU10 and PU11 for days: they switch three times an hour
        most = 0.6 if number < 6 else 0.8
        assert found["free"]["attacked"] <= most < found["free"]["attacked_without"]
    low, high = found["free"]["attacked_range"]
    assert low < high
    assert (tmp_path / f"batadal-{number:02}.png").stat().st_size > 20_000


def measured(number):
    """Return what a run says of the figure in a scenario's header, and without the attack."""
    text = path_of(f"batadal-{number:02}").read_text(encoding="utf-8").partition("name:")[0]
    found = re.search(
        r"Measured, seed 0: (?P<what>.+?) (?P<value>[\d.]+) ?(?P<unit>\S*), "
        r"(?P<without>[\d.]+) ?\w* without the attack\.",
        " ".join(line.removeprefix("#").strip() for line in text.splitlines()),
    )
    run = scenarios.run(scenario(number), watch=False)
    name, verb = found["what"].split()[:2]
    both = []
    for truth, which in ((run.truth, "run"), (run.paired, "paired")):
        if name == "pumps":
            both.append(run.impact.loc["pump_starts", which])
        elif verb == "is":
            rim = run.spec.model.get_node(name).max_level
            both.append((truth[f"L_{name}"] > rim - 1e-3).sum() / 12)
        else:
            both.append(truth[name].min() if verb == "falls" else truth[name].max())
    return (float(found["value"]), float(found["without"])), tuple(both)


def test_the_header_of_one_scenario_is_as_measured():
    said, found = measured(10)
    assert found == pytest.approx(said, abs=0.051)


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_every_header_is_as_measured(number):
    said, found = measured(number)
    assert found == pytest.approx(said, abs=0.051)
