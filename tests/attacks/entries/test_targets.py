"""What an entry acts on, told from the plant alone, is what it acts on in a testbed."""

import pytest

from attacks.build import build
from attacks.entries.armed import arm
from attacks.entries.entry import Entry
from attacks.entries.targets import elements, readers, touched
from twin.plants.spec import load_plant
from twin.testbed import Testbed


@pytest.fixture(scope="module")
def ctown():
    return load_plant("ctown")


def entry(on, do=None, tags=()):
    return Entry(name="a", on=on, do=build(do or {"drop": {}}), tags=tags, incident="a")


PATTERNS = ["link:*->SCADA", "link:PLC2->*", "link:*->PLC*", "link:T?->PLC3", "link:*->*"]


@pytest.mark.parametrize("do", [{"drop": {}}, {"crash": {}}, {"overload": {"scan": "1 h"}}])
def test_the_tags_an_entry_may_change_are_those_that_pass_in_a_testbed(ctown, do):
    kind = build(do)
    with Testbed(ctown, warmup=0.0) as bed:
        ports = [point.name for point in bed.points("*")] + PATTERNS
        ports += [f"plc:{plc}" for plc in bed.plcs]
        for on in ports:
            if on.partition(":")[0] in kind.ports:
                (armed,) = arm([entry(on, do)], bed)
                tags = [tag for tag in armed.touched if tag in ctown.tag_names]
                assert sorted(touched(entry(on, do), ctown)) == sorted(tags), on


@pytest.mark.parametrize(
    ("on", "do", "tags", "expected"),
    [
        ("sensor:L_T1", {"drop": {}}, (), ["T1"]),
        ("link:T1->PLC2", {"drop": {}}, (), ["T1"]),
        ("link:PLC2->PLC1", {"drop": {}}, (), []),
        ("link:PLC2->PLC1", {"drop": {}}, ("L_T1",), ["T1"]),
        ("plc:PLC5", {"disable": {"actuators": ["PU10"]}}, (), ["PU10"]),
        ("link:SCADA->PLC5", {"spoof": {"write": {"SP_PU10_open": 3.0}}}, (), ["PU10"]),
        ("actuator:PU1", {"block": {}}, (), ["PU1"]),
        ("scada", {"drop": {}}, (), []),
    ],
)
def test_the_elements_an_entry_acts_on(ctown, on, do, tags, expected):
    assert elements(entry(on, do, tags), ctown) == expected


def test_the_readers_of_a_tag_are_who_measures_it_who_receives_it_and_scada(ctown):
    assert readers(["L_T1"], ctown) == ["PLC2", "PLC1", "SCADA"]
