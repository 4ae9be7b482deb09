"""What the benchmark needs of the twin: normal years to train on, and a shadow twin's columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from detector.base import Floats, Training
from detector.benchmark.evaluate import Frozen
from detector.benchmark.fits import fit
from detector.errors import DataError
from detector.methods.masked import MaskedTrees
from detector.records.record import DECIMALS
from scenarios.definition.scenario import Scenario
from scenarios.experiments.supervised import Supervised, features
from scenarios.experiments.training import NormalRows, with_shadow
from scenarios.simulation.cache import cache
from scenarios.simulation.run import run
from twin.units import DAY, HOUR

FIRST_SEED = 1001
"""Of the normal years; the next ones have the next seeds."""

SUPERVISED = Path(__file__).parent / "weights" / "supervised.safetensors"
"""The supervised detector that ships."""


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


def shadowed(table: pd.DataFrame) -> pd.DataFrame:
    """Return hourly rows of C-Town, indexed by date, with its shadow twin's columns behind them."""
    start = pd.Timestamp(str(table.index[0])).to_pydatetime()
    seconds = [HOUR * row for row in range(len(table))]
    rows = NormalRows(Path("record"), table.set_axis(seconds),
                      lambda: Scenario(name="record", start=start), ())  # fmt: skip
    return with_shadow(rows, HOUR).set_axis(table.index)
