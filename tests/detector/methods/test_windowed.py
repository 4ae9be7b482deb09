"""The detector that the base class's docstring shows is a whole one."""

import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import detector
from detector import registry
from detector.contract import check
from detector.methods.windowed import WindowDetector
from tests.detector.conftest import TAGS, make_days


def test_the_detector_in_the_docstring_works(
    days: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    shown = WindowDetector.__doc__ or ""
    code = shown[shown.index("        @register") : shown.index("    Attributes\n")]
    exec(textwrap.dedent(code), {"register": registry.register, "WindowDetector": WindowDetector})
    fitted = detector.create("average-day", TAGS)
    fitted.fit(days)
    odd = make_days(6, seed=8)
    odd.iloc[72:96, 3] += 4.0
    scores = fitted.score(odd)
    assert scores[95] > fitted.threshold
    stream = fitted.stream()
    streamed = [stream.score_one(3600.0 * t, row).value for t, row in enumerate(odd.to_numpy())]
    np.testing.assert_allclose(streamed, scores, rtol=1e-10)
    fitted.save(tmp_path / "mine.safetensors")
    np.testing.assert_array_equal(detector.load(tmp_path / "mine.safetensors").score(odd), scores)


def test_the_detector_in_the_readme_keeps_every_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path(__file__).parents[3] / "detector" / "README.md"
    if not page.is_file():
        pytest.skip("the READMEs are not beside the tests")
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    code = page.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) <= 20
    exec(code, {"__name__": "readme"})
    broken = [each for each in check(detector.registry.kind_class("average-day")) if not each.kept]
    assert not broken
