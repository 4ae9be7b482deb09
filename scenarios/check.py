"""A scenario tried out without running it: everything that would stop a run is found here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import detector
from attacks.entry import arm
from detector import DataError
from scenarios.pair import testbed as testbed_of
from scenarios.schema import Scenario, load, located, path_of
from twin.errors import InputError
from twin.network import Network
from twin.testbed import Testbed


@contextmanager
def armed(scenario: Scenario, network: Network | None = None) -> Iterator[Testbed]:
    """Give the testbed of a scenario with its attacks and faults on it, before anything runs.

    Parameters
    ----------
    scenario : Scenario
    network : Network, optional
        The scenario's plant where it has been read already.

    Raises
    ------
    InputError
        For a port, tag or condition that the plant lacks; with the keys of what is wrong.
    """
    with testbed_of(scenario, network or scenario.network()) as bed:
        arm(scenario.entries, bed)
        yield bed


def check(name: str) -> Scenario:
    """Return the scenario of a shipped name or a path, once nothing is wrong with it.

    Raises
    ------
    InputError
        With file, line and column.
    """
    scenario = load(name)
    try:
        with armed(scenario) as bed:
            if scenario.detector not in (None, *detector.kinds()):
                _check_detector(scenario, bed)
    except InputError as error:
        raise located(error, path_of(name)) from None
    return scenario


def _check_detector(scenario: Scenario, bed: Testbed) -> None:
    assert scenario.detector is not None
    path = scenario.folder / scenario.detector
    known = path if path.exists() else scenario.detector
    try:
        detector.load(known, bed.network.name, bed.network.tag_names)
    except DataError as error:
        raise InputError(str(error), keys=["detector"]) from None
