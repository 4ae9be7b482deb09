"""What the benchmark needs of the twin: normal years to train on, and a shadow twin's columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from detector import checkpoint
from detector.base import Detector, Floats, Training
from detector.benchmark.batadal import TAGS
from detector.benchmark.evaluate import NAIVE, Frozen
from detector.benchmark.fits import fit
from detector.errors import DataError, did_you_mean
from detector.methods.masked import MaskedTrees
from detector.records.record import DECIMALS
from detector.registry import kinds
from scenarios.definition.scenario import Scenario
from scenarios.experiments.supervised import KIND, Supervised, features
from scenarios.experiments.training import NormalRows, with_shadow
from scenarios.simulation.cache import cache
from scenarios.simulation.run import run
from scenarios.simulation.watch import shadow_of
from twin.shadow.perturbation import Perturbation
from twin.units import DAY, HOUR

FIRST_SEED = 1001
"""Of the normal years; the next ones have the next seeds."""

SUPERVISED = Path(__file__).parent / "weights" / "supervised.safetensors"
"""The supervised detector that ships."""


def chosen(names: Sequence[str]) -> tuple[list[str], dict[str, Detector | Frozen]]:
    """Return the kinds to fit, and by name the detectors that are judged as they are.

    Parameters
    ----------
    names : sequence of str
        Kinds, ``supervised``, or files of fitted detectors; ``all`` alone is all that is known.

    Raises
    ------
    DataError
        If one is unknown, or a file was fitted on other tags or not on hourly rows.
    """
    if list(names) == ["all"]:
        names = [*kinds(), KIND]
    fitted: list[str] = []
    as_they_are: dict[str, Detector | Frozen] = {}
    for name in names:
        path = SUPERVISED if name == KIND else Path(name)
        if path.suffix != checkpoint.SUFFIX:
            if name not in kinds():
                raise DataError(
                    f"unknown detector {name!r}: neither a kind nor a {checkpoint.SUFFIX} file. "
                    f"{did_you_mean(name, [*kinds(), KIND])} One of your own is known by --plugin."
                )
            fitted.append(name)
            continue
        taken = {*kinds(), *NAIVE, KIND, *as_they_are}
        called = KIND if name == KIND else path.name if path.stem in taken else path.stem
        if called in as_they_are:
            raise DataError(f"two detectors would be called {called}: give one another name.")
        supervised = checkpoint.read_card(path)["kind"] == KIND
        as_they_are[called] = frozen(path) if supervised else checkpoint.load(path, tags=TAGS)
    return fitted, as_they_are


def years_of(text: str) -> int:
    """Return how many twin years `--train` asks for, 0 for dataset03.

    Raises
    ------
    DataError
        If it is neither ``dataset03`` nor ``twin:N``.
    """
    if text == "dataset03":
        return 0
    source, _, count = text.partition(":")
    if source != "twin" or not count.isdigit() or int(count) < 1:
        raise DataError(f"--train {text}: it is dataset03, or twin:10 for ten years of the twin.")
    return int(count)


def twin_years(
    count: int, on_share: Callable[[float], None] = lambda share: None
) -> list[pd.DataFrame]:
    """Simulate normal years of C-Town, hourly and at two decimals as the benchmark's files are.

    Parameters
    ----------
    count : int
    on_share : callable, optional
        Told which share is done.

    Returns
    -------
    list of DataFrame
        Indexed by date, a column a tag.
    """
    years = []
    for number in range(count):
        year = Scenario(name="normal", duration=365 * DAY, seed=FIRST_SEED + number)
        made = run(year, watch=False, pair=False)
        hours = made.scada[made.scada.index % HOUR == 0].round(DECIMALS)
        dates = pd.Timestamp(year.start) + pd.to_timedelta(hours.index.to_numpy(), unit="s")
        years.append(hours.set_axis(dates))
        on_share((number + 1) / count)
    return years


def normal_masked(
    count: int, on_share: Callable[[float], None] = lambda share: None
) -> MaskedTrees:
    """Return `masked-trees` of few trees, a small file, fitted on normal years of C-Town."""
    training = Training(options={"rounds": 40, "leaves": 15})
    fitted = fit("masked-trees", twin_years(count, on_share), training, cache() / "fits")
    assert isinstance(fitted, MaskedTrees)
    return fitted


def frozen(path: Path) -> Frozen:
    """Return a supervised detector as the benchmark judges it; see `Supervised.load`."""
    trained, masked = Supervised.load(path)
    spec = Scenario(name="record").plant_spec()

    def score(table: pd.DataFrame) -> Floats:
        start = pd.Timestamp(str(table.index[0])).to_pydatetime()
        return trained.probability(features(spec, table, start, masked))

    return Frozen(score, trained.threshold)


def shadowed(table: pd.DataFrame, errors: Mapping[str, float]) -> pd.DataFrame:
    """Return hourly rows of C-Town, indexed by date, with a shadow twin's columns behind them."""
    start = pd.Timestamp(str(table.index[0])).to_pydatetime()
    seconds = [HOUR * row for row in range(len(table))]
    rows = NormalRows(Path("record"), table.set_axis(seconds),
                      lambda: Scenario(name="record", start=start), ())  # fmt: skip
    shadow = partial(shadow_of, perturb=Perturbation.of(errors))
    return with_shadow(rows, HOUR, shadow).set_axis(table.index)
