"""The shadow twin: what it says of frames of the plant itself, and of forged ones."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from twin.errors import InputError
from twin.plants.spec import load_plant
from twin.shadow.perturbation import Perturbation
from twin.shadow.twin import ShadowTwin
from twin.testbed import Testbed

HOURS = 30


def frames_of(spec, seed=4):
    with Testbed(spec, seed=seed, warmup=0.0) as bed:
        for _ in bed.run(HOURS * 3600.0):
            pass
    return bed.historian.truth.frame()[list(spec.tag_names)].round(2)


@pytest.fixture(scope="module")
def ctown():
    return load_plant("ctown")


@pytest.fixture(scope="module")
def frames(ctown):
    return frames_of(ctown)


@pytest.fixture(scope="module")
def explained(ctown, frames):
    with ShadowTwin(ctown) as shadow:
        return shadow.extend_table(frames)


def test_normal_frames_are_explained_to_their_rounding(explained):
    assert not explained.iloc[1:].isna().any(axis=None)
    typical = explained.abs().median()
    assert (typical.filter(regex="residual:|projected:|level:") < 0.01).all()
    assert (typical.filter(like="z:") < 1.5).all()


def test_frame_by_frame_gives_the_same_numbers(ctown, frames, explained):
    with ShadowTwin(ctown) as shadow:
        rows = [shadow.extend(time, row.to_numpy()) for time, row in frames.iterrows()]
        np.testing.assert_array_equal(np.array(rows), explained.to_numpy())
        again = shadow.extend_table(frames.iloc[:40])
    pd.testing.assert_frame_equal(again, explained.iloc[:40])


def test_what_was_seen_long_ago_does_not_matter(ctown, frames, explained):
    with ShadowTwin(ctown) as shadow:
        found = shadow.extend_table(frames.iloc[144:])
    np.testing.assert_allclose(found.iloc[12:], explained.iloc[156:], atol=0.005)


def test_a_full_tank_is_told_from_one_just_below_its_rim(frames, explained):
    full = (frames["L_T6"] > 5.49).to_numpy()
    assert 50 < full.sum() < len(frames) - 50
    assert (explained.filter(regex="residual:|projected:")[full].abs() < 0.2).all(axis=None)


def test_it_uses_no_later_frame(ctown, frames, explained):
    forged = frames.copy()
    forged.iloc[200:] += 1.0
    with ShadowTwin(ctown) as shadow:
        found = shadow.extend_table(forged.iloc[:210])
    np.testing.assert_array_equal(found.iloc[:200], explained.iloc[:200])


def test_a_false_level_shows_in_the_mass_balance(ctown, frames, explained):
    forged = frames.copy()
    forged.loc[forged.index[200], "L_T1"] += 0.3
    with ShadowTwin(ctown) as shadow:
        found = shadow.extend_table(forged.iloc[:201])
    off = found["level:L_T1"].iloc[200]
    assert off == pytest.approx(0.3, abs=0.02)
    assert np.abs(explained["level:L_T1"].iloc[200]) < 0.011


def test_missing_readings_are_missing_and_nothing_else(ctown, frames):
    holed = frames.copy()
    holed.loc[holed.index[50:60], ["L_T3", "F_PU1", "S_PU1"]] = np.nan
    with ShadowTwin(ctown) as shadow:
        found = shadow.extend_table(holed.iloc[:80])
    gone = found.iloc[50:60]
    absent = ["level:L_T3", "residual:F_PU1", "projected:F_PU1"]
    assert gone[absent].isna().all(axis=None)
    assert gone.drop(columns=absent).notna().all(axis=None)
    assert found.iloc[61:].notna().all(axis=None)
    assert np.abs(found["level:L_T3"].iloc[60]) < 0.05


def test_what_it_expects_is_what_comes(ctown, frames):
    with ShadowTwin(ctown) as shadow:
        with pytest.raises(ValueError, match="no frame"):
            shadow.expects()
        shadow.extend_table(frames.iloc[:100])
        expected = shadow.expects()
    np.testing.assert_allclose(expected.values, frames.iloc[99], atol=0.1)
    levels = frames.iloc[100][[tag for tag in frames if tag.startswith("L_")]]
    np.testing.assert_allclose(expected.next_levels, levels, atol=0.05)


def test_a_wrong_shadow_is_further_off_and_repeatable(ctown, frames, explained):
    wrong = Perturbation(roughness=0.05, pump_curves=0.01, demand_split=0.1, seed=1)
    with ShadowTwin(ctown, perturb=wrong) as shadow:
        found = shadow.extend_table(frames.iloc[:60])
    with ShadowTwin(ctown, perturb=wrong) as shadow:
        pd.testing.assert_frame_equal(shadow.extend_table(frames.iloc[:60]), found)
    off = found.filter(like="projected:").abs().mean(axis=None)
    assert off > 5 * explained.iloc[:60].filter(like="projected:").abs().mean(axis=None)
    with pytest.raises(InputError, match="standard deviation"):
        Perturbation(roughness=-0.1)


def test_a_wrong_shadow_is_told_by_name():
    assert Perturbation.of({}) is None
    assert Perturbation.of({"roughness": 0.05, "seed": 3.0}) == Perturbation(roughness=0.05, seed=3)
    with pytest.raises(InputError, match="did you mean roughness"):
        Perturbation.of({"roughnes": 0.05})


def test_pumps_that_switch_one_after_the_other_leave_no_level_unexplained(frames, explained):
    states = frames.filter(like="S_").diff().abs().sum(axis=1).to_numpy()
    assert (states > 1).any()
    assert (explained.filter(like="level:")[states > 1].abs() < 0.011).all(axis=None)


def test_sensor_noise_is_drawn_anew_for_each_frame_but_repeatable(ctown, frames):
    with ShadowTwin(ctown, perturb=Perturbation(sensor_noise=0.01)) as shadow:
        found = shadow.extend_table(frames.iloc[:30])
        pd.testing.assert_frame_equal(shadow.extend_table(frames.iloc[:30]), found)
    assert found["level:L_T1"].iloc[1:].std() > 0.005


def test_demands_that_follow_patterns_are_expected_to(ctown):
    followed = load_plant("ctown", drawn=False)
    assert not followed.profiled
    frames = frames_of(followed)
    with ShadowTwin(followed) as shadow:
        found = shadow.extend_table(frames)
        assert np.abs(shadow.expects().demands - 1.0).max() < 0.02
    assert (found.abs().median().filter(regex="residual:|level:") < 0.01).all()


def test_hourly_frames_are_explained_too(ctown, frames):
    with ShadowTwin(ctown, interval_s=3600.0) as shadow:
        found = shadow.extend_table(frames[frames.index % 3600 == 0])
    assert (found["refit:demands"] == 1.0).all()
    assert (found.abs().median().filter(like="projected:") < 0.01).all()


def test_time_goes_on(ctown, frames):
    with ShadowTwin(ctown) as shadow:
        shadow.extend(600.0, frames.iloc[0].to_numpy())
        with pytest.raises(ValueError, match="after one at 600 s"):
            shadow.extend(600.0, frames.iloc[0].to_numpy())


def test_a_tank_without_a_level_tag_follows_from_its_inflow(ctown, frames):
    tags = tuple(tag for tag in ctown.tags if tag.name != "L_T6")
    fewer = dataclasses.replace(ctown, tags=tags)
    with ShadowTwin(fewer) as shadow:
        found = shadow.extend_table(frames.iloc[:100])
    assert "level:L_T6" not in found
    assert found.iloc[1:].notna().all(axis=None)


ABSURD = {
    "all zero": lambda rng, shape: np.zeros(shape),
    "constant": lambda rng, shape: np.full(shape, 3.0),
    "random": lambda rng, shape: rng.normal(0.0, 100.0, shape),
    "huge": lambda rng, shape: rng.normal(0.0, 1e6, shape),
    "missing": lambda rng, shape: np.full(shape, np.nan),
    "partly missing": lambda rng, shape: np.where(rng.random(shape) < 0.3, np.nan, 1e4),
}


@pytest.mark.parametrize("kind", ABSURD)
def test_frames_that_no_water_gives_are_far_off_and_break_nothing(ctown, kind):
    frames = ABSURD[kind](np.random.default_rng(1), (40, len(ctown.tags)))
    with ShadowTwin(ctown) as shadow:
        found = np.array([shadow.extend(300.0 * i, frame) for i, frame in enumerate(frames)])
    assert not np.isinf(found).any()
    if kind != "missing":
        assert np.nanmax(np.abs(found)) > 10.0
