"""A plant that stands still, its servers, and programs of others that talk to them."""

import os
import shutil
import sys
from dataclasses import dataclass, field, replace

import pytest

from twin.errors import InputError
from twin.plants.spec import load_plant
from twin.servers.image import Images
from twin.servers.modbus import ModbusServers
from twin.servers.registers import register_map
from twin.testbed import Testbed

OFFSET = 1000 + os.getpid() % 300 * 50
"""Away from a plant that runs beside the tests, from other workers' tests, and below the ports that
systems give to clients."""


@dataclass
class Still:
    """A plant that stands still at one instant, and notes what is written to it, or refused."""

    images: dict
    written: list = field(default_factory=list)
    told: list = field(default_factory=list)
    over: bool = False

    def read(self, plc):
        return self.images[plc]

    def write(self, plc, values, peer, protocol):
        if self.over:
            raise InputError("the run is over")
        self.written.append((plc, values, peer, protocol))

    def refused(self, *told):
        self.told.append(told)

    def holds(self, plc, **values):
        image = self.images[plc]
        self.images[plc] = replace(image, values={**image.values, **values})


@pytest.fixture(scope="session")
def ctown():
    return load_plant("ctown")


@pytest.fixture(scope="session")
def hour(ctown):
    """Return the images of C-Town's PLCs an hour after its start."""
    with Testbed(ctown, warmup=0) as bed:
        for _ in bed.run(3600.0):
            pass
        return Images(bed.plcs, 2.0 * ctown.step).take(3600.0)


@pytest.fixture
def still(hour):
    return Still(dict(hour))


@pytest.fixture
def modbus(ctown, still):
    with ModbusServers(
        register_map(ctown),
        still.read,
        still.write,
        refused=still.refused,
        plant="ctown",
        offset=OFFSET,
    ) as servers:
        yield servers


@pytest.fixture
def program():
    """Return what finds a program that is not ours; without it a test is skipped, in CI fails."""

    def find(name):
        if (path := shutil.which(name)) is None:
            missing(f"no {name} here: .ci/programs installs it")
        return path

    return find


def missing(reason):
    """Skip a test for want of a program; fail where CI has installed it."""
    wanted = os.environ.get("CI") and sys.platform == "linux"
    (pytest.fail if wanted else pytest.skip)(reason)
