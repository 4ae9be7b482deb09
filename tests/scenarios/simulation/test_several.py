"""Several detectors on one run, from Python and from the command line."""

import json

import numpy as np
import pytest

import detector
import scenarios
from scenarios.cli import app
from scenarios.report.account import account
from scenarios.report.pictures import plot_score, plot_story
from twin.errors import InputError

DAY = 86400.0


@pytest.fixture(scope="module")
def pca():
    return detector.load("pca")


@pytest.fixture(scope="module")
def run(pca, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "several"
    return scenarios.run("pu3-forced", duration=3 * DAY, detector=["cnn-lstm", pca], out=out)


def test_each_scores_for_itself(run, pca):
    alone = scenarios.run("pu3-forced", duration=3 * DAY, detector=pca)
    mine = run.scores_of(1).drop(columns="detector")
    assert alone.scores.drop(columns="detector").equals(mine)
    assert set(run.scores["detector"]) == {"cnn-lstm", "pca"}
    assert len(run.scores) == 2 * len(mine)
    assert run.scores.index.is_monotonic_increasing
    alarms = run.alarms[run.alarms["detector"] == "pca"]
    assert alarms.equals(alone.alarms)
    assert alone.false_episodes == run.detectors[1].false_episodes


def test_the_figures_are_the_first_ones(run):
    first = scenarios.run("pu3-forced", duration=3 * DAY, detector="cnn-lstm")
    assert run.incidents == first.incidents
    assert run.false_episodes == first.false_episodes == run.detectors[0].false_episodes
    assert run.detection() == first.detection()


def test_a_run_folder_keeps_all_of_them(run):
    again = scenarios.open_run(run.folder)
    assert again.detectors == run.detectors
    assert again.scores.equals(run.scores)
    figures = json.loads((run.folder / "metrics.json").read_text())
    assert [each["detector"] for each in figures["detectors"]] == ["cnn-lstm", "pca"]


def test_the_account_and_the_pictures_show_all(run):
    lines = next(section.lines for section in account(run) if section.title == "The detector")
    assert [line.partition(":")[0] for line in lines[:2]] == ["cnn-lstm", "pca"]
    assert len(plot_score(run).axes) == 2
    labels = [label.get_text() for label in plot_story(run).axes[-1].get_yticklabels()]
    assert labels == ["cnn-lstm", "pca", "limits"]


def test_two_of_a_kind_have_two_names(pca):
    run = scenarios.run("normal", duration=3600.0, detector=[pca, pca])
    assert [each.detector for each in run.detectors] == ["pca", "pca 2"]


def test_one_that_does_not_fit_is_refused(tmp_path):
    other = detector.create("pca", ["L_A"])
    with pytest.raises(InputError, match="fitted on other tags"):
        scenarios.run("normal", duration=3600.0, detector=other)
    odd = detector.load("pca")
    odd.interval_s = 450.0
    with pytest.raises(InputError, match="450 s apart, and SCADA polls every 5 min"):
        scenarios.run("normal", duration=3600.0, detector=odd)
    with pytest.raises(InputError, match=r"--detector: unknown detector 'pka'"):
        app(["run", "normal", "--duration", "1 h", "--detector", "pka", "--out", str(tmp_path)])
    with pytest.raises(InputError, match="--detector names none"):
        app(["run", "normal", "--duration", "1 h", "--detector", ",", "--out", str(tmp_path)])


def test_one_of_ones_own_is_trained_at_scadas_frames_and_watches(tmp_path, monkeypatch, capsys):
    from detector import registry

    monkeypatch.chdir(tmp_path)

    def hydrotwin(*args):
        with pytest.raises(SystemExit) as done:
            app(list(args))
        assert not done.value.code

    try:
        hydrotwin("run", "normal", "--duration", "8 d", "--no-detector", "--out", "week")
        hydrotwin("detectors", "new", "frames")
        hydrotwin("train", "week", "--kind", "frames", "--plugin", "frames.py",
                  "--interval", "5 min", "--out", "frames.safetensors")  # fmt: skip
        hydrotwin("run", "normal", "--duration", "2 h", "--detector", "frames.safetensors,pca",
                  "--plugin", "frames.py", "--out", "watched")  # fmt: skip
        capsys.readouterr()
        run = scenarios.open_run("watched")
    finally:
        registry.forget("frames")
    assert [each.detector for each in run.detectors] == ["frames", "pca"]
    assert np.diff(run.scores_of(0).index).tolist() == [300.0] * 23
    assert len(run.scores_of(1)) == 2
    assert run.scenario.plugins[0].endswith("frames.py")
