"""Residuals as the detector that is evaded computes them, from what it is shown."""

import numpy as np
import pytest

from attacks.build import build
from scenarios.definition.schema import from_data
from tests.attacks.beds import HOUR, armed_run
from tests.attacks.ports import Port
from twin.errors import InputError

RNG = np.random.default_rng(5)
LEVELS = 3.0 + np.sin(np.arange(600) / 40.0) + RNG.normal(0.0, 0.05, 600)
KINDS = [
    {"bias": {"threshold": 0.1}},
    {"bias": {"threshold": 0.1, "direction": "down", "low": 0.5}},
    {"surge": {"threshold": 0.1, "to": 0.5}},
    {"geometric": {"threshold": 0.1, "over": "5 h", "growth": 1000.0, "high": 6.0}},
    {"cusum": {"threshold": 0.5, "drift": 0.02, "direction": "down"}},
]


def fitted(values):
    """Return (a, φ) of an AR(1) by least squares."""
    return np.linalg.lstsq(np.c_[np.ones(len(values) - 1), values[:-1]], values[1:], rcond=None)[0]


def residuals(do, model):
    """Return what a detector finds while a kind is active, and what was shown."""
    ((kind, fields),) = do.items()
    port = Port({kind: fields | {"model": model}})
    port.usual(LEVELS)
    port.begin()
    shown = np.array(port.values(LEVELS))
    a, slope = (0.0, 1.0) if model == "persistence" else fitted(LEVELS)
    before = np.concatenate([LEVELS[-1:], shown[:-1]])
    return shown - (a + slope * before), shown


@pytest.mark.parametrize("model", ["persistence", "ar1"])
@pytest.mark.parametrize("do", KINDS, ids=lambda do: next(iter(do)))
def test_the_detector_never_sees_more_than_its_threshold(do, model):
    ((kind, fields),) = do.items()
    off, shown = residuals(do, model)
    if kind == "cusum":
        total, most = 0.0, 0.0
        for r in off:
            total = max(0.0, total + abs(r) - fields["drift"])
            most = max(most, total)
        assert 0.999 * fields["threshold"] < most <= fields["threshold"]
    else:
        assert 0.999 * fields["threshold"] < abs(off).max() <= fields["threshold"]
    assert abs(shown - LEVELS).max() > 1.0  # and yet it is led far away


def test_shapes():
    off, shown = residuals({"surge": {"threshold": 0.1, "to": 0.5}}, "persistence")
    reached = int(np.argmax(abs(shown - 0.5) < 1e-12))
    assert reached == int(np.ceil((LEVELS[-1] - 0.5) / 0.1)) - 1
    np.testing.assert_allclose(shown[reached:], 0.5, rtol=1e-12)
    off, _ = residuals({"geometric": {"threshold": 0.1, "over": "10 h"}}, "persistence")
    np.testing.assert_allclose(off[1:121] / off[:120], 100 ** (1 / 120), rtol=1e-6)
    np.testing.assert_allclose(off[120:], 0.1, rtol=1e-6)
    off, _ = residuals({"cusum": {"threshold": 0.5, "drift": 0.02}}, "persistence")
    np.testing.assert_allclose(off, [0.52, *[0.02] * 599], rtol=1e-6)
    off, shown = residuals({"bias": {"threshold": 0.1, "low": 2.0, "direction": "down"}}, "ar1")
    assert shown.min() >= 2.0


def test_a_second_start_spends_the_threshold_anew():
    port = Port({"cusum": {"threshold": 0.5, "drift": 0.02}})
    port.usual([3.0])
    port.begin()
    port.values([3.0])
    port.end()
    port.usual([3.0])
    port.begin()
    assert port.values([3.0])[0] == pytest.approx(3.52)


def test_with_the_twin_what_is_shown_stays_beside_the_run_without_attack():
    """A tank that runs empty is shown as usual, a little off."""
    cusum = {"threshold": 0.3, "model": "twin", "drift": 0.3}
    when = {"from": "6 h", "for": "18 h"}
    entries = from_data(
        {
            "name": "x",
            "attacks": [
                {"on": "link:PLC2->PLC1", "do": {"constant": {"value": 9.0}}, "when": when},
                {"on": "link:*->SCADA", "tags": ["L_T1"], "do": {"cusum": cusum}, "when": when},
            ],
        }
    ).attacks
    run, usual = armed_run(entries, hours=24), armed_run([], hours=24)
    off = (run.scada["L_T1"] - usual.scada["L_T1"]).loc[6 * HOUR :]
    np.testing.assert_allclose(off, [0.6, *[0.3] * (len(off) - 1)], rtol=1e-6)
    assert (usual.truth["L_T1"] - run.truth["L_T1"]).max() > 1.0


@pytest.mark.parametrize(
    ("do", "says"),
    [
        ({"bias": {"threshold": 0}}, "above 0"),
        ({"bias": {"threshold": 1, "low": 2, "high": 1}}, "low 2 lies above"),
        ({"bias": {"threshold": 1, "model": "arima"}}, "persistence, ar1 or twin"),
        ({"geometric": {"threshold": 1, "over": "0 s"}}, "above 0"),
        ({"geometric": {"threshold": 1, "over": "1 h", "growth": 1}}, "above 1"),
        ({"cusum": {"threshold": 1}}, "'drift' is missing"),
    ],
)
def test_fields_that_make_no_sense(do, says):
    with pytest.raises(InputError, match=says):
        build(do)
