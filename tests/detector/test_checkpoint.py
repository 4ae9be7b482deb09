"""Finding, loading and refusing checkpoints."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import detector
from detector import DataError, Detector, checkpoint
from detector.benchmark.batadal import TAGS as BATADAL_TAGS
from detector.methods.cnn_lstm import CnnLstm
from detector.registry import register
from tests.detector.conftest import TAGS


@pytest.fixture
def saved(fitted: Detector, tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    fitted.save(path)
    return path


def test_kinds_are_known_and_a_typo_is_mended() -> None:
    assert set(detector.kinds()) >= {"cnn-lstm", "pca"}
    with pytest.raises(DataError, match=r"'cnn-lsm'\. Did you mean 'cnn-lstm'\?"):
        detector.create("cnn-lsm", TAGS)
    with pytest.raises(DataError, match=r"neither a kind nor a \.safetensors file"):
        detector.load("cnn-lsm")


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="registered already"):

        @register("cnn-lstm")
        class Other(CnnLstm):
            pass


def test_shipped_weights_are_found_by_kind_plant_and_interval(
    saved: Path, fitted: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "WEIGHTS", tmp_path)
    with pytest.raises(DataError, match=r"no .* weights ship for plant 'villa' at 3600 s"):
        detector.load(fitted.kind, plant="villa", tags=TAGS)
    fitted.save(tmp_path / f"{fitted.kind}-villa-3600s.safetensors")
    assert detector.load(fitted.kind, plant="villa", tags=TAGS).threshold == fitted.threshold


def test_weights_of_another_interval_are_found_where_any_will_do(
    fitted: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "WEIGHTS", tmp_path)
    with pytest.raises(DataError, match=r"weights ship for plant 'villa' \(looked"):
        detector.load(fitted.kind, "villa", interval_s=None)
    for plant, interval in (("villa", 900.0), ("villa-2", 300.0)):
        monkeypatch.setattr(fitted, "interval_s", interval)
        fitted.save(checkpoint.shipped_path(fitted.kind, plant, interval))
    assert checkpoint.shipped_intervals(fitted.kind, "villa") == [900.0]
    assert detector.load(fitted.kind, "villa", TAGS, None).interval_s == 900.0
    with pytest.raises(DataError, match=r"no .* weights ship for plant 'villa' at 3600 s"):
        detector.load(fitted.kind, "villa", TAGS)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("tags", 7, "tags is 7, not a list of different names"),
        ("tags", ["L_A", 5], r"tags is \['L_A', 5\], not a list"),
        ("tags", "L_A", "tags is 'L_A', not a list"),
        ("interval_s", "3600", "interval_s is '3600', not a number of seconds"),
        ("interval_s", 1e-9, "interval_s is 1e-09, not a number of seconds, 1 at least"),
        ("threshold", 0.5, "threshold is 0.5, not a mapping with a number under value"),
        ("threshold", {"value": "high"}, "threshold is .*, not a mapping with a number"),
        ("kind", ["pca"], r"kind is \['pca'\], not the name of a kind"),
        ("kind", "pka", "a detector of kind 'pka', .* Did you mean 'pca'"),
        ("weights_sha256", 0, "weights_sha256 is 0, not the SHA-256"),
    ],
)
def test_a_card_of_other_types_is_refused(saved: Path, key: str, value: object, words: str) -> None:
    card = saved.with_suffix(".json")
    card.write_text(json.dumps(json.loads(card.read_text()) | {key: value}))
    with pytest.raises(DataError, match=rf"weights\.json: .*{words}"):
        detector.load(saved)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        (TAGS[:-1], "needs F_IDLE, which the frames lack"),
        ((*TAGS, "L_C"), "frames have L_C, which it never saw"),
        (("F_A", "L_A", *TAGS[2:]), "column 1 is F_A, it expects L_A"),
    ],
)
def test_other_tags_are_refused(saved: Path, tags: tuple[str, ...], words: str) -> None:
    with pytest.raises(DataError, match=words):
        detector.load(saved, tags=tags)


def test_another_interval_is_refused(saved: Path) -> None:
    with pytest.raises(DataError, match="frames 3600 s apart, asked to score frames 300 s apart"):
        detector.load(saved, interval_s=300)


def test_damage_is_found(saved: Path) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[:-7])
    with pytest.raises(DataError, match="SHA-256 differs"):
        detector.load(saved)
    saved.write_bytes(whole)
    card = saved.with_suffix(".json")
    text = card.read_text()
    card.write_text(text.replace(",", "", 1))
    with pytest.raises(DataError, match=r"weights\.json:3: not a card"):
        detector.load(saved)
    card.write_text("[]")
    with pytest.raises(DataError, match="kind, tags, interval_s, threshold"):
        detector.load(saved)
    card.unlink()
    with pytest.raises(DataError, match=r"card that belongs to weights\.safetensors is missing"):
        detector.load(saved)
    with pytest.raises(DataError, match="no such checkpoint"):
        detector.load(saved.with_name("other.safetensors"))


def test_tensors_of_another_shape_are_refused(saved: Path, fitted: Detector) -> None:
    tensors = load_file(saved)
    name = next(each for each in tensors if each.startswith("model."))
    tensors[name] = np.zeros((2, 2), dtype=np.float32)
    save_file(tensors, saved)
    card = json.loads(saved.with_suffix(".json").read_text())
    card["weights_sha256"] = checkpoint.hashlib.sha256(saved.read_bytes()).hexdigest()
    saved.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(DataError, match=f"not a {fitted.kind} checkpoint"):
        detector.load(saved)


def test_a_checkpoint_has_its_suffix(fitted: Detector, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"must end in \.safetensors"):
        fitted.save(tmp_path / "weights.pt")
    assert list(tmp_path.iterdir()) == []


def test_shipped_weights_say_how_they_were_made() -> None:
    shipped = sorted(checkpoint.WEIGHTS.glob("*.safetensors"))
    assert "cnn-lstm-ctown-3600s" in [each.stem for each in shipped]
    for path in shipped:
        found = detector.load(path, tags=BATADAL_TAGS, interval_s=None)
        assert path == checkpoint.shipped_path(found.kind, "ctown", found.interval_s)
        assert found.about["command"].startswith("hydrotwin train ")
        assert path.name in found.about["command"]
        assert found.threshold > 0
