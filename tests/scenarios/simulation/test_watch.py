"""Who watches: columns of a shadow twin joined to the frames, and detectors that do not fit."""

import numpy as np
import pandas as pd
import pytest

from detector import Training, registry
from detector.methods.windowed import WindowDetector
from scenarios.definition.scenario import Scenario
from scenarios.experiments.training import NormalRows, train, with_shadow
from scenarios.simulation.watch import Watcher, extender
from twin.errors import InputError
from twin.plants.spec import load_plant
from twin.tags import Frame

INTERVAL = 300.0


class FakeShadow:
    """Says of each frame by how much T1's level differs from the last frame's."""

    def __init__(self, spec, interval_s):
        self.columns = ("level:L_T1", "residual:F_PU1")
        self.interval_s = interval_s
        self.last = np.nan

    def extend(self, time_s, values):
        change, self.last = values[0] - self.last, values[0]
        return np.array([change, 0.0])

    def extend_table(self, table):
        change = table["L_T1"].diff().to_numpy()
        return pd.DataFrame(
            {"level:L_T1": change, "residual:F_PU1": 0.0}, index=table.index
        )  # fmt: skip

    def close(self):
        self.columns = ()


@pytest.fixture(scope="module")
def spec():
    return load_plant("ctown")


@pytest.fixture
def kind(monkeypatch):
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))

    @registry.register("jumps")
    class Jumps(WindowDetector):
        """Score how far a frame is from the mean one."""

        columns_wanted = "tags+shadow"
        length = 1
        includes_row = True
        reach = 1

        def learn(self, windows, held_out, training):
            self.middle = windows.mean(axis=(0, 1))

        def errors(self, windows):
            return ((windows - self.middle) ** 2).mean(axis=1)

        def tensors(self):
            return {"middle": self.middle}

        def restore(self, tensors):
            self.middle = tensors["middle"]

    return "jumps"


@pytest.fixture
def rows(spec):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        rng.normal(5.0, 0.1, (2000, len(spec.tags))),
        columns=list(spec.tag_names),
        index=INTERVAL * np.arange(2000),
    )
    return NormalRows("run", table, lambda: Scenario(name="x"), ())


class Scada:
    def __init__(self):
        self.subscribers, self.alarms, self.detecting = [], [], set()

    def raise_alarm(self, alarm):
        self.alarms.append(alarm)


def test_stream_and_table_get_the_same_columns(spec, kind, rows):
    shadow = FakeShadow
    fitted = train(
        [rows], kind, Training(), command="", interval_s=INTERVAL, shadow=lambda scenario: shadow
    )
    assert fitted.tags == (*spec.tag_names, "level:L_T1", "residual:F_PU1")
    assert fitted.interval_s == INTERVAL
    table = rows.table.iloc[:300].copy()
    table.iloc[200:, 0] += 3.0
    scada = Scada()
    watcher = Watcher(fitted, spec, scada, shadow=shadow)
    for time, values in zip(table.index, table.to_numpy(), strict=True):
        watcher.see(Frame(time, spec.tag_names, values, np.zeros(len(values), np.int8)))
    batch = fitted.score(
        with_shadow(NormalRows("x", table, rows.scenario, ()), INTERVAL, lambda scenario: shadow)
    )
    np.testing.assert_allclose(watcher.score_table()["score"], batch, rtol=1e-9)
    alarm = scada.alarms[-1]
    assert alarm.time == 200 * INTERVAL
    assert alarm.tags[0] in ("L_T1", "level:L_T1")
    assert alarm.plc == "PLC2"


def test_a_shadow_that_does_not_fit_is_said(spec, kind, rows):
    fitted = registry.create(kind, [*spec.tag_names, "level:L_T2"], INTERVAL)
    with pytest.raises(InputError, match="wants a shadow twin's columns, and there is none"):
        extender(fitted, spec, None)
    with pytest.raises(InputError, match="fitted on other columns than the shadow twin of ctown"):
        extender(fitted, spec, FakeShadow)


def test_a_detector_of_tags_gets_no_shadow(spec):
    assert extender(registry.create("pca", spec.tag_names), spec, FakeShadow) is None
