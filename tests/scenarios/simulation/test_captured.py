"""A scenario's capture: the labels of its packets are those of its entries."""

import csv

import pytest

import scenarios
from scenarios.definition.schema import from_data

ATTACK = {
    "name": "raise",
    "on": "link:PLC2->PLC1",
    "tags": ["L_T1"],
    "do": {"offset": {"by": 0.5}},
    "when": {"from": "1 h", "to": "2 h"},
}
FAULT = {
    "name": "deaf",
    "on": "link:PLC4->SCADA",
    "do": {"drop": {}},
    "when": {"from": "1 h"},
}
DATA = {"name": "x", "duration": "3 h", "warmup": "0 h", "attacks": [ATTACK], "faults": [FAULT]}


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    path = tmp_path_factory.mktemp("capture") / "x.pcapng"
    scenarios.run(from_data(DATA), watch=False, pair=False, capture=path)
    assert path.stat().st_size > 100_000
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_packet_is_labelled_while_an_entry_acts_on_its_link(labels):
    marked = {(r["link"], r["label"], r["entries"]) for r in labels if r["label"]}
    assert marked == {("link:PLC2->PLC1", "attack", "raise"), ("link:PLC4->SCADA", "fault", "deaf")}
    times = [float(r["sent"]) for r in labels if r["entries"] == "raise"]
    assert min(times) == 3600.0 and 6600.0 <= max(times) < 7200.0


def test_what_an_entry_changes_is_marked_behind_it(labels):
    altered = {(r["interface"], r["label"], r["altered"]) for r in labels if r["altered"]}
    assert altered == {("behind PLC2->PLC1", "attack", "L_T1")}
    lost = [r for r in labels if r["lost"] == "1"]
    assert {(r["interface"], r["kind"]) for r in lost} == {("network", "answer")}
    assert len(lost) == 2 * 12
