"""What every detector promises, tried on each registered kind; and what catches a broken one."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import detector
from detector import DataError, Detector, Training, contract, registry
from detector.base import NoOptions
from detector.methods.windowed import WindowDetector
from detector.registry import kind_class
from tests.detector.conftest import TAGS, USUAL, make_days


@pytest.mark.parametrize("kind", detector.kinds())
def test_every_kind_keeps_every_promise(kind: str) -> None:
    assert not [finding for finding in contract.check(kind_class(kind)) if not finding.kept]


class Level(WindowDetector):
    """Score how far a row is from the mean row."""

    length = 1

    def learn(self, windows, held_out, training):
        self.middle = windows.mean(axis=(0, 1))

    def errors(self, windows):
        return ((windows - self.middle) ** 2).mean(axis=1)

    def tensors(self):
        return {"middle": self.middle}

    def restore(self, tensors):
        self.middle = tensors["middle"]


class WithShadow(Level):
    """Score a shadow twin's columns too."""

    columns_wanted = "tags+shadow"


class Unexplained(Level):
    class Options(NoOptions):
        weight: float = 1.0


class LooksAhead(Level):
    """Scale rows by what is still to come."""

    def score(self, table):
        return super().score(table) / (1 + table.to_numpy(dtype=float).max())


class KnowsThreshold(Level):
    """Count in thresholds."""

    def score(self, table):
        return super().score(table) * self.threshold


class Shared(Level):
    """Keep the last frame in the detector."""

    def stream(self):
        if not hasattr(self, "only"):
            self.only = super().stream()
        return self.only


class Fragile(Level):
    """Let a missing reading through."""

    def score(self, table):
        scores = super().score(table)
        scores[table.isna().any(axis=1).to_numpy()] = np.nan
        return scores


class Restless(Level):
    """Learn something else each time."""

    def learn(self, windows, held_out, training):
        super().learn(windows, held_out, training)
        self.middle = self.middle + np.random.default_rng().normal(size=self.middle.shape)


class Positional(Level):
    """Take columns as they stand."""

    def score(self, table):
        return super().score(table.iloc[:, : len(self.tags)].set_axis(list(self.tags), axis=1))


class Forgetful(Level):
    """Save something else than was learned."""

    def tensors(self):
        return {"middle": np.zeros(len(self.tags))}


class Lenient(Level):
    """Learn from anything."""

    def _check_length(self, rows):
        pass

    def fit(self, normal, training=USUAL["pca"]):
        super().fit(normal.reindex(columns=list(self.tags)).fillna(0.0), training)


@pytest.mark.parametrize(
    ("cls", "promise"),
    [
        (Unexplained, "explains itself"),
        (LooksAhead, "looks at no later row"),
        (KnowsThreshold, "keeps the threshold out of the score"),
        (Shared, "keeps streams apart"),
        (Fragile, "bears missing readings"),
        (Restless, "same seed, same detector"),
        (Positional, "finds columns by their names"),
        (Forgetful, "saved and loaded, scores as before"),
        (Lenient, "refuses wrong tables"),
    ],
)
def test_a_broken_detector_is_caught(
    cls: type[Level], promise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    registry.register("broken")(cls)
    broken = {finding.promise: finding.why for finding in contract.check(cls) if not finding.kept}
    assert promise in broken
    assert broken[promise]


@pytest.mark.parametrize("cls", [Level, WithShadow])
def test_a_sound_one_is_not(cls: type[Level], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    registry.register("sound")(cls)
    assert not [finding for finding in contract.check(cls) if not finding.kept]


def test_options_are_checked(fitted: Detector) -> None:
    known = type(fitted).Options.model_fields
    wanted = {"epochs", "device", "label", "variance", "correlation", "diet"}
    assert set(known) == {"cnn-lstm": wanted, "pca": set()}[fitted.kind]
    with pytest.raises(DataError, match=f"{fitted.kind} has no option 'epoch'"):
        fitted.options(Training(options={"epoch": 3}))
    if known:
        with pytest.raises(DataError, match=r"option epochs of cnn-lstm: .* not 'many'"):
            fitted.options(Training(options={"epochs": "many"}))
        assert fitted.about["options"] == {
            "epochs": 4, "device": "cpu", "label": "next",
            "variance": 0.0, "correlation": 1.0, "diet": "tags",
        }  # fmt: skip


def test_a_score_is_explained_in_a_sentence(fitted: Detector) -> None:
    odd = make_days(6, seed=8)
    odd.iloc[72:96, 3] += 4.0
    stream = fitted.stream()
    scores = [stream.score_one(3600.0 * t, row) for t, row in enumerate(odd.to_numpy()[:96])]
    assert fitted.explain(scores[0]) == ""
    assert "L_B" in fitted.explain(scores[-1])


def test_held_out_scores_are_those_of_the_threshold(fitted: Detector) -> None:
    scores = np.concatenate(fitted.held_out_scores)
    scores = scores[np.isfinite(scores)]
    assert fitted.about["held_out"]["mean"] == pytest.approx(scores.mean())
    assert fitted.about["held_out"]["deviation"] == pytest.approx(scores.std())


def stream_scores(fitted: Detector, table: pd.DataFrame) -> np.ndarray:
    stream = fitted.stream()
    rows = table.loc[:, list(TAGS)].to_numpy()
    return np.array([stream.score_one(3600.0 * t, row).value for t, row in enumerate(rows)])


def test_stream_and_table_agree_with_holes_and_news(fitted: Detector) -> None:
    table = make_days(8, seed=5)
    table.iloc[0, 1] = np.nan
    table.iloc[40:44, 0] = np.nan
    table.iloc[90:93, 4] = 30.0
    np.testing.assert_allclose(stream_scores(fitted, table), fitted.score(table), rtol=1e-10)


def test_batch_size_does_not_matter(fitted: Detector) -> None:
    table = make_days(30, seed=6)
    whole = fitted.score(table)
    part = fitted.score(table.iloc[: 24 * 5])
    np.testing.assert_allclose(part, whole[: 24 * 5], rtol=1e-10)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
@given(
    row=st.integers(0, 119),
    column=st.integers(0, len(TAGS) - 1),
    value=st.floats(allow_nan=True, allow_infinity=True),
)
def test_no_score_uses_the_future(fitted: Detector, row: int, column: int, value: float) -> None:
    table = make_days(5, seed=7)
    before = fitted.score(table)
    table.iloc[row, column] = value
    after = fitted.score(table)
    np.testing.assert_array_equal(after[:row], before[:row])
    assert np.isfinite(after[24:]).all()


def test_rows_without_a_window_have_no_score(fitted: Detector) -> None:
    first = {"cnn-lstm": 24, "pca": 23}[fitted.kind]
    scores = fitted.score(make_days(3))
    assert np.isnan(scores[:first]).all()
    assert np.isfinite(scores[first:]).all()
    assert np.isnan(fitted.score(make_days(1).iloc[:10])).all()
    early = fitted.stream().score_one(0.0, make_days(1).to_numpy()[0])
    assert np.isnan(early.value)
    assert not early.alarm
    assert early.causes == ()


def test_a_disturbed_channel_scores_higher_and_is_named(fitted: Detector) -> None:
    calm = make_days(6, seed=8)
    odd = calm.copy()
    odd.iloc[72:96, 3] += 4.0
    assert np.nanmax(fitted.score(odd)) > 5 * np.nanmax(fitted.score(calm))
    stream = fitted.stream()
    scores = [stream.score_one(3600.0 * t, row) for t, row in enumerate(odd.to_numpy()[:96])]
    assert scores[-1].alarm
    assert scores[-1].causes[0].name == "L_B"
    assert sum(cause.share for cause in scores[-1].causes) == pytest.approx(1.0)


@pytest.mark.parametrize("value", [0.5, 1e12])
def test_a_constant_channel_that_moves_is_news_at_once(fitted: Detector, value: float) -> None:
    table = make_days(6, seed=9)
    calm = fitted.score(table)
    table.loc[100, "F_IDLE"] = value
    scores = fitted.score(table)
    reach = {"cnn-lstm": 25, "pca": 6}[fitted.kind]
    assert (scores[100 : 100 + reach] > fitted.threshold).all()
    assert np.isfinite(scores[24:]).all()
    far = 100 + 24 + 6
    np.testing.assert_allclose(scores[far:], calm[far:], rtol=1e-10)
    stream = fitted.stream()
    found = [stream.score_one(3600.0 * t, row) for t, row in enumerate(table.to_numpy()[:101])]
    assert found[-1].alarm
    assert found[-1].causes[0].name == "F_IDLE"


def test_a_constant_channel_may_round(fitted: Detector) -> None:
    table = make_days(6, seed=9)
    calm = fitted.score(table)
    table["F_IDLE"] = 0.01
    np.testing.assert_allclose(fitted.score(table), calm, atol=0.5 * fitted.threshold)


def test_fit_is_repeatable(fitted: Detector, days: pd.DataFrame) -> None:
    again = detector.create(fitted.kind, TAGS)
    again.fit(days, USUAL[fitted.kind])
    table = make_days(4, seed=3)
    np.testing.assert_allclose(again.score(table), fitted.score(table), rtol=1e-6)
    assert again.threshold == pytest.approx(fitted.threshold, rel=1e-6)


def test_saved_and_loaded_is_the_same(fitted: Detector, tmp_path: Path) -> None:
    path = tmp_path / "sub" / "weights.safetensors"
    fitted.save(path)
    loaded = detector.load(path, tags=TAGS)
    table = make_days(5, seed=4)
    np.testing.assert_allclose(loaded.score(table), fitted.score(table), rtol=1e-12)
    assert loaded.threshold == fitted.threshold
    assert loaded.kind == fitted.kind
    assert loaded.about["held_out"] == fitted.about["held_out"]
    table.loc[60, "F_IDLE"] = 9.0
    np.testing.assert_allclose(loaded.score(table), fitted.score(table), rtol=1e-12)
    assert sorted(each.name for each in path.parent.iterdir()) == [
        "weights.json",
        "weights.safetensors",
    ]


def test_several_stretches_are_not_joined() -> None:
    """A level that jumps between two stretches must not become a window to learn from."""
    low, high = make_days(20, seed=1), make_days(20, seed=2)
    apart = detector.create("pca", TAGS)
    apart.fit([low, high])
    joined = detector.create("pca", TAGS)
    joined.fit(pd.concat([low, high], ignore_index=True))
    assert apart.about["held_out"]["rows"] == joined.about["held_out"]["rows"] == 192
    assert apart.threshold != joined.threshold


def test_bad_tables_say_what_is_wrong(fitted: Detector, days: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"no column L_B.*Did you mean 'L_A'\?"):
        fitted.score(days.drop(columns="L_B"))
    fresh = detector.create(fitted.kind, TAGS)
    with pytest.raises(DataError, match="30 rows of normal data are too few"):
        fresh.fit(days.iloc[:30])
    with pytest.raises(DataError, match="L_A has no reading at all"):
        fresh.fit(days.assign(L_A=np.nan))
    with pytest.raises(ValueError, match="detector of 5 tags"):
        fitted.stream().score_one(0.0, np.zeros(4))
