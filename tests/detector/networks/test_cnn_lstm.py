"""The network, and its training."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from detector import DataError, Step, Training, create
from detector.methods.cnn_lstm import CnnLstm
from detector.methods.windows import windows_of
from detector.networks import train as training
from detector.networks.cnn_lstm import CnnLstmAutoencoder
from detector.networks.train import train
from tests.detector.conftest import TAGS, make_days


def test_the_published_number_of_parameters() -> None:
    model = CnnLstmAutoencoder(43)
    count = sum(each.numel() for each in model.parameters())
    assert count == 83_627
    second_biases = sum(
        layer.bias_hh_l0.numel() for layer in model.modules() if isinstance(layer, nn.LSTM)
    )
    assert count - second_biases == 82_859


def test_a_window_comes_back_in_its_shape_and_through_a_code_of_32() -> None:
    model = CnnLstmAutoencoder(43)
    codes: list[torch.Size] = []
    model.squeeze.register_forward_hook(lambda _, __, out: codes.append(out[0][:, -1].shape))
    assert model(torch.zeros(5, 24, 43)).shape == (5, 24, 43)
    assert codes == [torch.Size([5, 32])]


@pytest.fixture(scope="module")
def windows() -> tuple[np.ndarray, np.ndarray]:
    hour = np.arange(400)
    rows = 0.5 + 0.4 * np.stack([np.sin(hour * 2 * np.pi / 24 + k) for k in range(3)], axis=1)
    return windows_of(rows[:300], 24), windows_of(rows[300:], 24)


def test_learns_a_daily_rhythm(
    windows: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "BATCH", 16)
    monkeypatch.setattr(training, "RATE", 5e-3)
    seen: list[Step] = []
    _, history = train(*windows, epochs=30, progress=seen.append)
    # Predicting the mean would leave the variance of the waves, 0.08.
    assert min(history.held_out) < 0.02
    assert [each.number for each in seen] == list(range(1, len(history.loss) + 1))
    assert seen[-1].held_out == history.held_out[-1]


def test_keeps_the_best_epoch_and_stops_early(
    windows: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([0.5, 0.4, 0.6, 0.7, 0.8, 0.9])
    snapshots = []

    def judged(model: nn.Module, held_out: torch.Tensor) -> float:
        snapshots.append(model.draw.bias.detach().clone())
        return next(losses)

    monkeypatch.setattr(training, "_loss", judged)
    monkeypatch.setattr(training, "PATIENCE", 3)
    model, history = train(*windows, epochs=20)
    assert history.best == 2
    assert history.stopped == "early"
    assert len(history.loss) == 5
    assert torch.equal(model.draw.bias, snapshots[1])
    assert not torch.equal(model.draw.bias, snapshots[4])


def test_an_interrupt_keeps_the_best_so_far(windows: tuple[np.ndarray, np.ndarray]) -> None:
    def stop(epoch: Step) -> None:
        if epoch.number == 2:
            raise KeyboardInterrupt

    _, history = train(*windows, epochs=20, progress=stop)
    assert history.stopped == "interrupted"
    assert len(history.loss) == 2


def test_an_interrupt_before_the_first_epoch_interrupts(
    windows: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "_pass", stop)
    with pytest.raises(KeyboardInterrupt):
        train(*windows, epochs=2)


def test_training_leaves_other_randomness_alone(windows: tuple[np.ndarray, np.ndarray]) -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    one, _ = train(*windows, seed=3, epochs=1)
    assert torch.equal(torch.rand(3), wanted)
    two, _ = train(*windows, seed=4, epochs=1)
    assert not torch.equal(one.draw.bias, two.draw.bias)


def test_threads_are_given_back(windows: tuple[np.ndarray, np.ndarray]) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    during: list[int] = []
    train(*windows, epochs=1, progress=lambda _: during.append(torch.get_num_threads()))
    after = torch.get_num_threads()
    torch.set_num_threads(before)
    assert (during, after) == ([1], 3)


@pytest.mark.parametrize("name", ["cuda", "gpu"])
def test_an_absent_device_is_said(name: str, windows: tuple[np.ndarray, np.ndarray]) -> None:
    if name == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(DataError, match=f"device '{name}'"):
        train(*windows, device=name)


def test_the_score_of_row_t_is_the_error_of_the_24_rows_before(days: pd.DataFrame) -> None:
    detector = create("cnn-lstm", TAGS)
    detector.fit(days, Training(options={"epochs": 1}))
    assert isinstance(detector, CnnLstm)
    rows = detector.scaler.scale(days.to_numpy())[:60]
    with torch.no_grad():
        window = torch.from_numpy(rows[None, 26:50])
        error = (detector._model(window) - window).square().mean().item()
    assert detector.score(days.iloc[:60])[50] == pytest.approx(error, rel=1e-12)
    assert np.isfinite(detector.score(days)).sum() == len(days) - 24


def small(options: dict[str, object], table: pd.DataFrame) -> CnnLstm:
    made = create("cnn-lstm", [str(each) for each in table.columns])
    made.fit(table, Training(seed=1, options={"epochs": 1, **options}))
    assert isinstance(made, CnnLstm)
    return made


def test_a_window_may_be_labelled_by_its_last_row() -> None:
    after, last = (small({"label": label}, make_days(40)) for label in ("next", "last"))
    table = make_days(6, seed=5)
    np.testing.assert_allclose(last.score(table)[23:-1], after.score(table)[24:], rtol=1e-9)
    assert np.isnan(after.score(table)[23])


def test_channels_are_left_out_by_variance_and_correlation(tmp_path: Path) -> None:
    table = make_days(40)
    table["L_TWIN"] = table["L_A"] * 2 + 1  # all but a copy
    calm = small({"correlation": 0.999}, table)
    assert calm._model.look.in_channels == 5
    steady = small({"variance": 1e-6}, table)  # F_IDLE never moves
    assert steady._model.look.in_channels == 5
    fresh = make_days(6, seed=5).assign(L_TWIN=7.0)
    assert np.isfinite(calm.score(fresh)[24:]).all()
    # The copy is not looked at: whatever it says changes nothing.
    np.testing.assert_array_equal(calm.score(fresh.assign(L_TWIN=6.5)), calm.score(fresh))
    assert (steady.score(fresh.assign(L_TWIN=6.5))[30:] != steady.score(fresh)[30:]).all()
    calm.save(tmp_path / "calm.safetensors")
    again = CnnLstm.load(tmp_path / "calm.safetensors")
    np.testing.assert_allclose(again.score(fresh), calm.score(fresh), rtol=1e-12)
    with pytest.raises(DataError, match="no channel is left"):
        small({"variance": 1.0}, table)


def test_it_can_live_on_residuals_and_statuses() -> None:
    table = make_days(40, shadow=True)
    assert CnnLstm.wants(Training(options={"diet": "residuals"})) == "tags+shadow"
    assert CnnLstm.wants() == "tags"
    fed = small({"diet": "residuals"}, table)
    assert fed.columns_wanted == "tags+shadow"
    seen = [tag for tag, each in zip(fed.tags, fed._seen, strict=True) if each]
    assert seen == ["S_A", "F_IDLE", "residual:L_A", "residual:F_A"]
