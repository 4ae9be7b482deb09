"""A hybrid: members of their own intervals, each with a line of its own."""

import numpy as np
import pytest

import detector
from detector import DataError, Training, create
from tests.detector.methods.test_physics import PLANT, frames

TAGS = list(PLANT["points"])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return the files of a physics at 5-minute frames and of a PCA at hourly ones."""
    folder = tmp_path_factory.mktemp("members")
    physics = create("physics", list(frames(1, 0)), 300.0)
    physics.fit([frames(10, 1), frames(10, 2)], Training(options={"plant": PLANT}))
    pca = create("pca", TAGS, 3600.0)
    pca.fit(frames(40, 3)[TAGS].iloc[::12].reset_index(drop=True))
    for each in (physics, pca):
        each.save(folder / f"{each.kind}.safetensors")
    return [str(folder / f"{kind}.safetensors") for kind in ("physics", "pca")]


def hybrid_of(members):
    made = create("hybrid", list(frames(1, 0)), 300.0)
    options = {"members": ",".join(members), "budget": 0.0}
    made.fit([frames(1, 4), frames(10, 5)], Training(options=options))
    return made


@pytest.fixture(scope="module")
def fitted(files):
    return hybrid_of(files)


def streamed(fitted, table):
    stream = fitted.stream()
    return [stream.score_one(300.0 * i, row) for i, row in enumerate(table.to_numpy())]


def broken(kind):
    table = frames(4, 6)
    if kind == "physics":
        table.loc[600, "projected:F_PU1"] = 5.0
    else:
        table.loc[600:611, "L_T1"] = 3.0
        table.loc[600:611, "F_PU1"] = -40.0
    return table


def test_normal_frames_raise_nothing(fitted):
    score = fitted.score(frames(4, 7))
    assert np.nanmean(score <= 1.0) > 0.95
    assert fitted.threshold == 1.0


@pytest.mark.parametrize("kind", ["physics", "pca"])
def test_it_notices_what_either_member_notices(files, kind):
    whole, alone = hybrid_of(files), hybrid_of([file for file in files if kind not in file])
    table = broken(kind)
    assert whole.score(table)[600] > 1.0
    assert alone.score(table)[600] <= 1.0
    score = streamed(whole, table)[600]
    assert score.alarm
    assert "F_PU1" in {score.causes[0].name, *score.causes[0].tags}


def test_a_members_score_holds_until_its_next_frame(files):
    score = hybrid_of(files[1:]).score(frames(4, 8))
    hours = score[: len(score) // 12 * 12].reshape(-1, 12)
    np.testing.assert_array_equal(hours, np.repeat(hours[:, :1], 12, axis=1))


def test_stream_and_table_give_the_same_numbers(fitted):
    table = broken("physics")
    values = [score.value for score in streamed(fitted, table)]
    np.testing.assert_allclose(values, fitted.score(table), rtol=1e-9)


def test_saved_and_loaded_it_scores_as_before(fitted, tmp_path):
    fitted.save(tmp_path / "hybrid.safetensors")
    loaded = detector.load(tmp_path / "hybrid.safetensors", interval_s=300.0)
    np.testing.assert_array_equal(loaded.score(broken("pca")), fitted.score(broken("pca")))
    assert streamed(loaded, broken("pca"))[600] == streamed(fitted, broken("pca"))[600]


def test_members_that_do_not_fit_are_refused(files):
    with pytest.raises(DataError, match="a second pca"):
        hybrid_of([files[1], files[1]])
    other = create("hybrid", TAGS[:2], 300.0)
    with pytest.raises(DataError, match="needs S_PU1, S_PU3, which the rows lack"):
        other.fit(frames(10, 1)[TAGS[:2]], Training(options={"members": files[1]}))
    slower = create("hybrid", TAGS, 7200.0)
    with pytest.raises(DataError, match="no multiple of the hybrid's 7200 s"):
        slower.fit(frames(10, 1)[TAGS], Training(options={"members": files[1]}))
