"""How far a covert attack's mask slipped is told by its run."""

import json

import pytest

import scenarios
from scenarios.definition.schema import from_data
from scenarios.report.account import account

ROUGH = {
    "links": {"*": {"latency": "200 ms", "jitter": "100 ms", "loss": 0.05}},
    "sensors": {"L_*": {"noise": 0.02, "resolution": 0.01}},
    "plcs": {"PLC2": {"polling": "15 min"}},
}


def masked(on="link:*->SCADA", out=None, control=None, pair=True, **covert):
    harm = {"on": "link:PLC2->PLC1", "do": {"constant": {"value": 0.5}}, "when": {"from": "6 h"}}
    mask = {"name": "mask", "on": on, "do": {"covert": covert}, "when": {"from": "6 h"}}
    data = {"name": "x", "duration": "24 h", "warmup": "12 h", "attacks": [harm, mask]}
    data["control"] = control or {}
    return scenarios.run(from_data(data), watch=False, out=out, pair=pair)


def told(run):
    (section,) = [one for one in account(run) if one.title == "What the operator saw"]
    return [line for line in section.lines if "mask" in line]


def test_a_mask_in_error_is_said_to_slip_where_and_how_far(tmp_path):
    run = masked(out=tmp_path / "run", demand=1.05)
    (one,) = run.slips
    off = (run.scada[one.tag] - run.paired[one.tag]).abs()
    assert one.most == off.loc[6 * 3600 :].max() > 0.0
    assert off.loc[one.at_h * 3600] == one.most
    assert one.mean_relative > 0.0
    unit = run.spec.unit(one.tag)
    (line,) = told(run)
    assert f"slipped most at {one.tag}: by up to {one.most:.2g} {unit}".rstrip() in line
    (saved,) = json.loads((tmp_path / "run" / "metrics.json").read_text())["slips"]
    assert (saved["entry"], saved["tag"], saved["most"]) == ("mask", one.tag, one.most)


@pytest.mark.parametrize(
    ("on", "control"), [("link:*->SCADA", ROUGH), ("link:*->SCADA", None), ("sensor:L_T1", None)]
)
def test_a_perfect_mask_does_not_slip_whatever_instruments_and_links_make_of_it(on, control):
    (line,) = told(masked(on, control=control))
    assert line == "The mask of mask did not slip: SCADA showed what it usually would."


def test_no_slip_is_told_of_what_scada_does_not_see_or_nothing_is_compared_with():
    assert not masked("link:PLC4->PLC3", demand=1.05).slips
    assert not masked(pair=False, demand=1.05).slips
    plain = {"name": "x", "duration": "1 h", "warmup": "0 h",
             "attacks": [{"on": "sensor:L_T1", "do": {"drop": {}}}]}  # fmt: skip
    assert not scenarios.run(from_data(plain), watch=False).slips
