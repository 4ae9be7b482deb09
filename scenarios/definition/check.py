"""A scenario armed without running it: everything that would stop a run is found here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import detector
from attacks.entries.armed import ArmedEntries, arm
from detector import DataError
from scenarios.definition.notices import empty_tags, notices
from scenarios.definition.scenario import Scenario
from scenarios.definition.scenario import testbed as testbed_of
from scenarios.definition.schema import load, located, path_of
from twin.errors import InputError
from twin.files import read_yaml
from twin.plants.spec import PlantSpec
from twin.testbed import Testbed


@contextmanager
def armed(
    scenario: Scenario, spec: PlantSpec | None = None
) -> Iterator[tuple[Testbed, ArmedEntries]]:
    """Yield the testbed of a scenario and its armed faults and attacks, before anything runs.

    Parameters
    ----------
    scenario : Scenario
    spec : PlantSpec, optional
        The scenario's plant where it has been read already.

    Raises
    ------
    InputError
        For a port, tag or condition that the plant lacks, and a detector that cannot be used;
        with the keys of what is wrong.
    """
    with testbed_of(scenario, spec or scenario.plant_spec()) as bed:
        if scenario.detector not in (None, *detector.kinds()):
            _check_detector(scenario, bed)
        yield bed, arm(scenario.entries, bed)


def check(name: str) -> tuple[Scenario, list[InputError]]:
    """Return the scenario of a shipped name or a path, once nothing is wrong with it.

    Returns
    -------
    Scenario
    list of InputError
        What in it can never do anything, with file, line and column; a run of it is no error.

    Raises
    ------
    InputError
        With file, line and column.
    """
    scenario, path = load(name), path_of(name)
    try:
        with armed(scenario) as (bed, entries):
            warnings = notices(scenario, bed, entries)
    except InputError as error:
        raise located(error, path) from None
    data = read_yaml(path)
    warnings += empty_tags(data)
    errors = [InputError(notice.message, keys=notice.keys) for notice in warnings]
    return scenario, sorted((located(e, path, data) for e in errors), key=_place)


def _place(error: InputError) -> tuple[int, int]:
    return error.line or 0, error.column or 0


def _check_detector(scenario: Scenario, bed: Testbed) -> None:
    assert scenario.detector is not None
    path = scenario.folder / scenario.detector
    known = path if path.exists() else scenario.detector
    try:
        detector.load(known, bed.spec.name, bed.spec.tag_names, None)
    except DataError as error:
        raise InputError(str(error), keys=["detector"]) from None
