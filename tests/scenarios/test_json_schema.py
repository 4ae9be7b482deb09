import json

import jsonschema
import pytest

from attacks.base import kinds
from scenarios import json_schema, schema
from twin.files import plain, read_yaml


@pytest.fixture(scope="module")
def shipped():
    return json.loads(json_schema.PATH.read_text(encoding="utf-8"))


def says(shipped, data):
    return [error.message for error in jsonschema.Draft7Validator(shipped).iter_errors(data)]


def test_the_shipped_schema_is_what_the_code_says():
    """If not: hydrotwin scenarios schema > scenarios/library/scenario.schema.json."""
    assert json_schema.PATH.read_text(encoding="utf-8") == json_schema.text()


def test_it_is_a_schema(shipped):
    jsonschema.Draft7Validator.check_schema(shipped)


@pytest.mark.parametrize("name", schema.library())
def test_every_library_scenario_names_it_and_keeps_to_it(name, shipped):
    path = schema.path_of(name)
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"{json_schema.HEADER}{json_schema.PATH.name}"
    assert says(shipped, plain(read_yaml(path))) == []


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_example_keeps_to_it(kind, shipped, tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(f"name: x\nattacks:\n  - {kinds()[kind].example}\n")
    assert says(shipped, plain(read_yaml(path))) == []


@pytest.mark.parametrize(
    "entry",
    [
        {"on": "L_T1", "do": {"drop": {}}},
        {"on": "sensor:L_T1", "do": {"dorp": {}}},
        {"on": "sensor:L_T1", "do": {"drop": {}, "delay": {"by": "1 h"}}},
        {"on": "sensor:L_T1", "do": {"delay": {"by": 3600}}},
        {"on": "sensor:L_T1", "do": {"delay": {"by": "1 fortnight"}}},
        {"on": "sensor:L_T1", "do": {"offset": {}}},
        {"on": "sensor:L_T1", "do": {"offset": {"by": "much"}}},
        {"on": "sensor:L_T1", "do": {"drop": {}}, "when": {"form": "1 h"}},
        {"do": {"drop": {}}},
    ],
)
def test_an_editor_underlines_what_is_wrong(entry, shipped):
    assert says(shipped, {"name": "x", "attacks": [entry]})
