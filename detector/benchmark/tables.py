"""The tables of an evaluation, as CSV: figures beside what was published, and networks' layers."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from detector.benchmark.evaluate import PUBLISHED, BenchmarkResult
from detector.errors import DataError
from detector.methods.network import NetworkDetector
from detector.networks.layers import layers


def figures_of(result: BenchmarkResult, record: str) -> pd.DataFrame:
    """Return a row a detector: its figures on a record, its cost, and the delay of each attack.

    Parameters
    ----------
    result
        What `detector.benchmark.evaluate.evaluate` returned; of several seeds the mean.
    record
        ``dataset04`` or ``test``; beside the first stands what was published.
    """
    numbers = [attack.number for attack, _ in result.records[record].attacks]
    rows = {}
    for name, found in result.as_dict()[record].items():
        delays = {
            f"ttd_{number}_h": hours
            for number, hours in zip(numbers, found.pop("ttd_hours"), strict=True)
        }
        cost = asdict(result.costs[name]) if name in result.costs else {}
        rows[name] = {**found, **cost, **delays}
    if record == "dataset04":
        rows["published"] = {**PUBLISHED, "rows": 4153}
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.rename_axis("detector")


def write_tables(result: BenchmarkResult, folder: str | Path) -> list[Path]:
    """Write ``figures-RECORD.csv`` and, of each network, ``layers-KIND.csv`` into a folder.

    Raises
    ------
    DataError
        If the folder cannot be written.
    """
    home = Path(folder)
    tables = {f"figures-{record}": figures_of(result, record) for record in result.evaluations}
    for kind, detector in result.detectors.items():
        if isinstance(detector, NetworkDetector):
            found = layers(detector.model, detector.length, detector.channels())
            tables[f"layers-{kind}"] = pd.DataFrame(found).set_index("layer")
    written = []
    for name, table in tables.items():
        path = home / f"{name}.csv"
        try:
            home.mkdir(parents=True, exist_ok=True)
            table.to_csv(path, float_format="%.6g", lineterminator="\n")
        except OSError as error:
            raise DataError(f"{path}: cannot be written: {error.strerror}.") from error
        written.append(path)
    return written
