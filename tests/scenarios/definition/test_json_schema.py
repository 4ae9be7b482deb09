import json
import re
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from attacks.discovery import kinds
from scenarios.definition import json_schema, keys, schema
from scenarios.definition.check import check
from scenarios.definition.when import WrittenWhen
from twin.errors import InputError
from twin.files import SCHEMA_LINE, plain, read_yaml


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
    assert first == f"{SCHEMA_LINE}{json_schema.PATH.name}"
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


ENTRY = {"on": "link:PLC2->PLC1", "do": {"drop": {}}}
HEAD = "name: x\nduration: 2 d\nwarmup: 0 h\n"
ROOT = Path(__file__).parents[3]
READMES = [ROOT / "README.md", *sorted(ROOT.glob("[a-z]*/README.md"))]
WHEN = {field.alias or name for name, field in WrittenWhen.model_fields.items()} - set(kinds())
FORMS = """\
when: {from: 1e1 h, to: +30 h}
when: {from: .5 h, for: 200 ms}
when: {every: 1 d, for: 2 h, from: 1.5 h}
when: {start: t > 3, follow: yes}
when: {start: "t > 3", end: null, once: no, for: 1 h, delay: 90 s, not_before: 1 min}
when: {random: {gap: 1 h, for: 2 h}}
when: {random: {gap: {exponential: 36 h}, for: {uniform: [1 h, 4 h]}}}
control: {step: 5 min, polling: 15 min, latency: 1 s, dry_run_protection: false}
control: {scan: {every: 5 min, crossings: none}, plcs: {PLC1: }}
control: {plcs: {PLC1: {polling: 15 min, hold: 30 min, failsafe: {PU1: closed, PU2: 0.9}}}}
control: {links: {"PLC*->SCADA": {loss: 1, outages: [{from: 1 h, for: 2 h}, {from: 4 h, to: 5 h}]}}}
control: {sensors: {"L_*": {noise: 0.01, drift: -0.1}}, alarms: {L_T1: {LL: 0.1, deadband: 0.1}}}
operator: [{at: 30 h, write: {SP_PU10_open: 3.0, PU3: open, PU1: auto, PU2: 0.9}}]
do: {force: {to: on}}
do: {force: {to: 0.9}}
""".splitlines()
WRONG = """\
when: {from: 3}
when: {from: 3 H}
when: {begins: 3 h}
when: {start: 1}
when: {random: {gap: 1, for: 2 h}}
when: {random: {gap: {exponentia: 36 h}, for: 2 h}}
when: {random: {gap: {exponential: [36 h]}, for: 2 h}}
when: {random: {gap: 1 h, for: {uniform: [1 h]}}}
when: {random: {gap: 1 h, lasts: 1 h}}
when: {once: maybe, start: t > 3, for: 1 h}
control: {step: 5}
control: {latancy: 1 s}
control: {dry_run_protection: no}
control: {scan: {crossings: never}}
control: {plcs: {PLC1: {failsafe: {PU1: shut}}}}
control: {plcs: {PLC1: {rules: []}}}
control: {links: {"PLC*->SCADA": {loss: "0.1"}}}
control: {links: {"PLC*->SCADA": {retries: 1.5, outages: {from: 1 h}}}}
control: {links: {"PLC*->SCADA": {outages: [{from: 1 h}]}}}
control: {sensors: {"L_*": {noise: -1}}}
control: {alarms: {L_T1: {LLL: 0.5}}}
operator: [{at: 30, write: {PU3: open}}]
operator: [{at: 30 h, write: {PU3: on}}]
operator: [{at: 30 h, write: {SP_PU10_open: open}}]
do: {force: {to: shut}}
do: {force: {to: 3}}
""".splitlines()


def scenario(form):
    """Return the text of a scenario in which a form stands, whatever part of one it is."""
    key, _, value = form.partition(": ")
    if key in keys.File.model_fields:
        return f"{HEAD}{form}\n"
    port = "actuator:PU1" if key == "do" else ENTRY["on"]
    do = value if key == "do" else "{drop: {}}"
    when = value if key == "when" else "{}"
    return f"{HEAD}attacks:\n  - on: {port}\n    do: {do}\n    when: {when}\n"


@pytest.mark.parametrize(
    ("form", "right"), [(f, True) for f in FORMS] + [(f, False) for f in WRONG]
)
def test_an_editor_and_the_check_agree(form, right, shipped, tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(scenario(form))
    assert (says(shipped, plain(read_yaml(path))) == []) == right
    try:
        check(str(path))
    except InputError:
        assert not right
    else:
        assert right


@pytest.mark.skipif(not READMES[0].is_file(), reason="the READMEs are not beside the tests")
def test_what_the_readmes_write_keeps_to_it(shipped):
    text = "\n".join(page.read_text(encoding="utf-8") for page in READMES)
    blocks = [YAML().load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.S)]
    whole = [block for block in blocks if set(block) <= set(keys.File.model_fields)]
    written = [plain({"name": "x"} | block) for block in whole]
    assert len(written) == 3
    lines = [" ".join(span.split()) for span in re.findall(r"`([a-z_]+: [^`]+)`", text)]
    whens = [json_of(line) for line in lines if line.split(":")[0] in WHEN]
    assert {"random", "every", "follow"} <= {key for when in whens for key in when}
    written += [{"name": "x", "attacks": [ENTRY | {"when": when}]} for when in whens]
    tops = [json_of(line) for line in lines if line.split(":")[0] in keys.File.model_fields]
    assert len(tops) > 5
    written += [{"name": "x"} | top for top in tops]
    dos = [json_of(line) for line in lines if line.split(":")[0] in kinds()]
    assert len(dos) > 5
    written += [{"name": "x", "attacks": [ENTRY | {"do": do}]} for do in dos]
    assert {str(data): says(shipped, data) for data in written if says(shipped, data)} == {}


def json_of(line):
    return plain(YAML().load(line))
