"""The JSON Schema of plcs.yaml, by which editors complete and check it."""

import copy
import json

import jsonschema
import pytest

from twin.files import SCHEMA_LINE, plain, read_yaml
from twin.plants import schema
from twin.plants.spec import PLANTS

FILE = PLANTS / "ctown" / "plcs.yaml"


@pytest.fixture(scope="module")
def shipped():
    return json.loads(schema.PATH.read_text(encoding="utf-8"))


def says(shipped, data):
    return [error.message for error in jsonschema.Draft7Validator(shipped).iter_errors(data)]


def test_the_shipped_schema_is_what_the_code_says():
    """If not: make library."""
    assert schema.PATH.read_text(encoding="utf-8") == schema.text()


def test_it_is_a_schema(shipped):
    jsonschema.Draft7Validator.check_schema(shipped)


def test_the_shipped_plant_names_it_and_keeps_to_it(shipped):
    first = FILE.read_text(encoding="utf-8").splitlines()[0]
    assert (FILE.parent / first.removeprefix(SCHEMA_LINE)).resolve() == schema.PATH.resolve()
    assert says(shipped, plain(read_yaml(FILE))) == []


RULE = {"when": "L_T1 < 4.0", "PU1": "open"}


@pytest.mark.parametrize(
    ("keys", "value", "right"),
    [
        (["stp"], "5 min", False),
        (["step"], 300, False),
        (["scan", "every"], "1 h", True),
        (["scan", "crossings"], "never", False),
        (["links"], None, True),
        (["links", "PLC2->PLC1"], {"lost": 0.5}, False),
        (["links", "PLC2->PLC1"], {"outages": [{"from": "1 h"}]}, False),
        (["links", "PLC2->PLC1"], {"outages": [{"from": "1 h", "to": "2 h"}]}, True),
        (["sensors"], {"L_*": {"noise": -1}}, False),
        (["dry_run_protection"], "yes", False),
        (["plcs", "PLC1", "actuator"], ["PU1"], False),
        (["plcs", "PLC1", "actuators"], "PU1", False),
        (["plcs", "PLC1", "hold"], None, True),
        (["plcs", "PLC1", "polling"], None, False),
        (["plcs", "PLC1", "rules", 0], RULE | {"PU2": 0.9}, True),
        (["plcs", "PLC1", "rules", 0], RULE | {"PU2": "shut"}, False),
        (["plcs", "PLC1", "rules", 0], {"when": "L_T1 < 4.0"}, False),
        (["plcs", "PLC1", "rules", 0], {"PU1": "open"}, False),
    ],
)
def test_an_editor_and_the_reader_agree(keys, value, right, shipped):
    data = copy.deepcopy(plain(read_yaml(FILE)))
    part = data
    for key in keys[:-1]:
        part = part[key]
    part[keys[-1]] = value
    assert (says(shipped, data) == []) == right
    if "rules" not in keys:  # rules are read against the tags and the actuators
        try:
            schema.read(schema.File, data)
        except ValueError:
            assert not right
        else:
            assert right
