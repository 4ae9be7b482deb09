"""A plant's record as the commands read it: told on one line, no attacked hour taken for normal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from detector.benchmark import batadal
from detector.records.record import OtherPlantError, Record, read
from twin.errors import InputError
from twin.plants.spec import PlantSpec, plants_of


def read_record(path: Path, spec: PlantSpec) -> Record:
    """Read the record of a plant.

    Where it has BATADAL's tags, the hours of BATADAL's published attacks are under attack whatever
    its own labels say: dataset04 is about with labels missing, unknown or all 0.

    Raises
    ------
    DataError, InputError
        As `detector.records.record.read`; of another plant's record, with the plant's name.
    """
    try:
        record = read(path, spec.tag_names)
    except OtherPlantError as error:
        plants = plants_of(error.heads)
        hint = f"; it has all tags of {' and '.join(plants)}" if plants else ""
        raise InputError(f"{error}{hint}") from None
    if not set(batadal.TAGS) <= set(spec.tag_names):
        return record
    published = batadal.Record(path, record.table, record.flags).labels
    unmarked = published if record.flags is None else published & (record.flags != 1)
    if not unmarked.any():
        return record
    own = 0 if record.flags is None else record.flags
    note = f"{int(unmarked.sum())} more hours are under BATADAL's published attacks"
    return replace(record, flags=np.where(published, 1, own), notes=(*record.notes, note))
