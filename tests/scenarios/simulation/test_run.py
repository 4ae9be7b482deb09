import json
from dataclasses import asdict

import epanet
import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

import scenarios
from scenarios.definition.schema import from_data, to_yaml
from scenarios.report.account import account
from scenarios.results.impact import COUNTERS
from twin.errors import InputError, PlantError

HOUR = 3600.0
FILES = {
    "scenario.yaml", "truth.parquet", "plc.parquet", "scada.parquet", "quality.parquet",
    "labels.parquet", "scores.parquet", "alarms.parquet", "limits.parquet",
    "events.parquet", "impact.parquet", "paired.parquet", "metrics.json", "run.log", "report.html",
    "map.png", "story.png", "levels.png", "pumps.png", "score.png",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "t1"
    alarms = []
    run = scenarios.run(
        scenarios.load("t1-overflow-concealed"), seed=3, out=out, on_alarm=alarms.append
    )
    return run, alarms


def test_the_overflow_is_real_concealed_and_compared(made):
    run, _ = made
    assert run.status == "done"
    assert run.hours == 168
    assert run.impact.loc["overflow_m3", "run"] > 100
    assert run.impact.loc["overflow_m3", "paired"] < 1
    assert run.truth["L_T1"].max() == pytest.approx(6.5)
    assert run.scada["L_T1"].max() < 6.5
    (incident,) = run.incidents
    assert incident.start_h is not None
    assert incident.start_h >= 50
    assert incident.damage_h is not None
    before = run.truth.index < incident.start_h * HOUR
    pd.testing.assert_frame_equal(run.truth[before], run.paired[before])


def test_the_detector_sees_it_while_it_happens(made):
    run, alarms = made
    assert [a.time for a in alarms] == list(run.alarms.index)
    assert len(run.scores) == 7 * 288  # physics scores every frame
    assert not run.scores["score"].isna().any()  # the warm-up filled the window
    assert run.incidents[0].detected
    first = run.alarms.iloc[0]
    assert set(first["tags"]) <= set(run.scada.columns)
    assert first["plc"] in run.spec.plcs


def test_labels_say_what_was_altered_and_what_it_led_to(made):
    run, _ = made
    labels = run.labels
    assert set(labels["entry"]) == {"blind-plc1", "hide-overflow"}
    assert len(labels) == 2 * len(run.truth)
    hide = labels[labels["entry"] == "hide-overflow"].set_index("time")
    wrong = (run.scada["L_T1"] - run.truth["L_T1"]).abs() > 1e-9
    shown = hide["altered"].map(bool)
    assert (wrong <= shown).all()
    assert not shown[~hide["active"]].any()
    assert hide["deviating"].map(bool).iloc[-1]


def test_the_folder_is_whole_and_reads_back(made):
    run, _ = made
    assert {path.name for path in run.folder.iterdir()} == FILES
    metrics = json.loads((run.folder / "metrics.json").read_text())
    assert metrics["scenario"] == "t1-overflow-concealed"
    assert metrics["impact"] == run.impact["run"].to_dict()
    assert set(COUNTERS) < set(metrics["impact"])
    assert len(metrics["alarms"]) == len(run.alarms)
    again = scenarios.load(run.folder / "scenario.yaml")
    assert again.seed == 3
    stored = pd.read_parquet(run.folder / "truth.parquet").set_index("time")
    pd.testing.assert_frame_equal(stored, run.truth)
    page = (run.folder / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 5
    assert "http" not in page.replace("http-equiv", "")


def test_a_run_folder_is_replaced_and_nothing_else_is(made, tmp_path):
    scenario = from_data({"name": "x", "duration": "2 h", "detector": None})
    out = tmp_path / "run"
    for _ in range(2):
        scenarios.run(scenario, out=out)
    assert (out / "metrics.json").is_file()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="something else than a run"):
        scenarios.run(scenario, out=tmp_path / "home")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        scenarios.run(scenario, out=tmp_path / "file")
    assert (tmp_path / "home" / "thesis.txt").read_text() == "years of work"
    assert {path.name for path in tmp_path.iterdir()} == {"run", "home", "file"}


def test_without_a_trained_detector_the_run_goes_on_and_says_so(tmp_path):
    run = scenarios.run(
        from_data({"name": "x", "duration": "2 h", "detector": None}), out=tmp_path / "run"
    )
    assert run.false_episodes is None
    assert any("nobody watches" in note for note in run.notes)
    assert not (tmp_path / "run" / "score.png").exists()


def test_an_attack_that_never_fires_is_reported_as_such():
    attack = {"on": "sensor:L_T1", "do": {"drop": {}}, "when": {"start": "L_T1 > 100"}}
    run = scenarios.run(
        from_data({"name": "x", "duration": "6 h", "attacks": [attack]}), watch=False
    )
    (incident,) = run.incidents
    assert incident.start_h is None
    assert incident.detected is None
    assert not run.labels["active"].any()
    why = incident.never_began["attack-1"]
    highest = run.truth["L_T1"].max()
    assert why.startswith(f"L_T1 > 100 never held before h 6: highest {highest:.5g} m at h ")
    assert run.summary()["attacks"][0]["never_began"] == {"attack-1": why}
    assert any(why in line for section in account(run) for line in section.lines)


def test_the_figures_say_what_the_aftermath_counts_as(made):
    run, _ = made
    metrics = json.loads((run.folder / "metrics.json").read_text())
    found = {word: run.detection(word) for word in ("normal", "attack", "out")}
    assert metrics["detection"] == asdict(found["normal"])
    assert found["normal"].rows == found["attack"].rows == len(run.scores)
    assert found["attack"].attacked_rows > found["normal"].attacked_rows
    left_out = found["attack"].attacked_rows - found["normal"].attacked_rows
    assert found["out"].rows == len(run.scores) - left_out


def test_an_error_of_epanets_ends_the_run_and_keeps_what_was_recorded(tmp_path, monkeypatch):
    solve = epanet.EN_runH

    def breaks(project):
        code, now = solve(project)  # EPANET's clock counts from the start, after the warm-up
        return (110, now) if now >= 6 * HOUR else (code, now)

    monkeypatch.setattr(epanet, "EN_runH", breaks)
    scenario = from_data({"name": "x", "duration": "10 h", "warmup": "2 h", "detector": None})
    run = scenarios.run(scenario, out=tmp_path / "run")
    assert run.status == "failed"
    assert "EPANET stopped at 8.00 h: Error 110: cannot solve" in run.reason
    assert len(pd.read_parquet(tmp_path / "run" / "truth.parquet")) == 6 * 12
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["status"] == "failed"


def test_a_run_that_fails_in_the_warm_up_has_no_results(tmp_path, monkeypatch):
    monkeypatch.setattr(epanet, "EN_runH", lambda project: (110, 0))
    alone = {"warmup": "2 h", "seed": 4711}  # no other test has run its warm-up
    scenario = from_data({"name": "x", "duration": "10 h", "detector": None} | alone)
    with pytest.raises(PlantError, match="in the warm-up: nothing was recorded yet"):
        scenarios.run(scenario, out=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_fails_costs_itself_only_and_says_so(tmp_path, monkeypatch):
    def breaks(run):
        raise ValueError("no room for an axis")

    monkeypatch.setattr("scenarios.report.pictures.plot_levels", breaks)
    run = scenarios.run(
        from_data({"name": "x", "duration": "2 h", "detector": None}), out=tmp_path / "run"
    )
    assert run.status == "done"
    missing = {"levels.png", "score.png", "scores.parquet", "paired.parquet"}
    assert {path.name for path in run.folder.iterdir()} >= FILES - missing
    assert not (run.folder / "levels.png").exists()
    why = "levels.png could not be drawn: ValueError: no room for an axis"
    metrics = json.loads((run.folder / "metrics.json").read_text())
    assert why in metrics["notes"]
    assert why in (run.folder / "run.log").read_text()
    assert why in (run.folder / "report.html").read_text()
    assert any(why in section.lines for section in account(run))


def test_a_pair_that_fails_costs_the_comparison_only(monkeypatch):
    def breaks(*_):
        raise PlantError("as the test wants")

    monkeypatch.setattr("scenarios.simulation.session.paired_truth", breaks)
    attack = {"on": "sensor:L_T6", "do": {"offset": {"by": 1.0}}}
    run = scenarios.run(
        from_data({"name": "x", "duration": "2 h", "attacks": [attack]}), watch=False
    )
    assert run.status == "done"
    assert run.paired is None
    assert any("as the test wants" in note for note in run.notes)


def test_ctrl_c_keeps_what_was_recorded(tmp_path):
    def stop(now):
        if now >= 5 * HOUR:
            raise KeyboardInterrupt

    attack = {"on": "sensor:L_T6", "do": {"offset": {"by": 1.0}}}
    scenario = from_data({"name": "x", "duration": "10 h", "attacks": [attack]})
    run = scenarios.run(scenario, out=tmp_path / "run", on_time=stop, watch=False)
    assert run.status == "interrupted"
    assert len(run.truth) == len(run.paired) == 60
    assert (tmp_path / "run" / "report.html").is_file()


def test_the_same_seed_gives_the_same_scores_and_files(tmp_path):
    scenario = scenarios.load("pu3-forced")
    runs = [
        scenarios.run(scenario, seed=2, duration=80 * HOUR, out=tmp_path / n) for n in ("a", "b")
    ]
    np.testing.assert_array_equal(runs[0].scores["score"], runs[1].scores["score"])
    for name in FILES:
        if name.endswith((".parquet", ".yaml", ".log")):
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_spare_pump_that_runs_is_noticed_at_once():
    run = scenarios.run(scenarios.load("pu3-forced"), seed=1, duration=80 * HOUR)
    (incident,) = run.incidents
    assert incident.detected
    assert incident.delay_h == 0
    assert "F_PU3" in run.alarms["tags"].iloc[-1]


def test_absurd_pressures_are_told_with_the_setting_that_mends_them():
    closed = {"on": "plant:V2", "do": {"fail": {"to": "closed"}}}
    data = {"name": "x", "duration": "36 h", "warmup": "0 h", "detector": None, "faults": [closed]}
    run = scenarios.run(from_data(data))
    (note,) = [note for note in run.notes if note.startswith("pressure at")]
    assert "`demand_model: pressure-driven`" in note
    mended = scenarios.run(from_data(data | {"demand_model": "pressure-driven"}))
    assert not [note for note in mended.notes if note.startswith("pressure at")]
    for one in (run, mended):
        done = one.impact["run"]
        by_dma = done[[f"unmet_{dma}_m3" for dma in one.spec.dmas]]
        assert by_dma.sum() == pytest.approx(done["unmet_m3"])
        assert done["availability_DMA2_percent"] == done.filter(like="availability_DMA").min() < 99
        assert done["availability_DMA1_percent"] <= 100
        assert done["low_pressure_h"] > one.impact.loc["low_pressure_h", "paired"] + 10
        assert done["energy_cost"] == pytest.approx(done["energy_kwh"])  # C-Town's price is 1


def test_a_required_pressure_belongs_to_pressure_driven_demands():
    wanted = {"name": "x", "duration": "6 h", "warmup": "0 h", "detector": None}
    with pytest.raises(InputError, match="pressure-driven"):
        from_data(wanted | {"required_pressure": 20})
    wanted |= {"demand_model": "pressure-driven"}
    unmet = []
    for pressure in (5, 30):
        scenario = from_data(wanted | {"required_pressure": pressure})
        unmet.append(scenarios.run(scenario).impact.loc["unmet_m3", "run"])
        assert from_data(YAML().load(to_yaml(scenario))).required_pressure == pressure
    assert unmet[1] > unmet[0] + 10
