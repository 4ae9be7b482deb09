import dataclasses
import json

import pytest

from scenarios.compare import compare, picture, sides
from scenarios.schema import from_data
from twin.errors import InputError

LIE = {
    "name": "hide",
    "on": "link:PLC2->SCADA",
    "do": {"offset": {"by": 2.0}},
    "when": {"from": "3 h", "for": "2 h"},
}
STOP = {"name": "stop", "on": "actuator:PU1", "do": {"force": {"to": "closed"}},
        "when": {"from": "6 h"}}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    data = {"name": "x", "duration": "12 h", "warmup": "0 h", "attacks": [LIE, STOP]}
    out = tmp_path_factory.mktemp("runs") / "both"
    from_data(data).run(out=out, watch=False)
    return out


@pytest.fixture(scope="module")
def made(folder):
    return compare(*sides(str(folder), None))


def test_it_says_what_differs_and_from_when(made):
    by_tag = {one.tag: one for one in made.differences}
    hidden, stopped = by_tag["L_T1"], by_tag["S_PU1"]
    assert hidden.shown_from_h == 3.0
    assert hidden.true_from_h is None or hidden.true_from_h > 6.0
    assert stopped.true_from_h >= 6.0
    assert stopped.most == 1.0
    assert made.differences[0] == hidden
    assert made.hours == 12


def test_a_run_does_not_differ_from_itself(folder):
    same = compare(*sides(str(folder), str(folder)))
    assert same.differences == ()
    assert (same.totals["difference"] == 0).all()
    assert "nothing differs" in [t.get_text() for t in picture(same).axes[0].texts]


def test_runs_of_different_length_are_compared_over_what_both_have(made):
    a = made.a
    short = dataclasses.replace(a, truth=a.truth.iloc[:60], scada=a.scada.iloc[:60])
    assert compare(short, made.b).hours == 5
    assert {one.tag for one in compare(short, made.b).differences} == {"L_T1"}


def test_the_picture_names_every_tag_that_differs(made):
    axes = picture(made).axes
    assert [t.get_text() for t in axes[0].get_yticklabels()] == [d.tag for d in made.differences]
    assert axes[1].get_ylabel().endswith("[m]")


def test_what_cannot_be_compared_is_said(tmp_path):
    with pytest.raises(InputError, match="no attack to leave out"):
        sides("normal", None)
    with pytest.raises(InputError, match="no run folder"):
        sides(str(tmp_path), "normal")
    with pytest.raises(InputError, match="unknown scenario"):
        sides("norml", "normal")


def test_its_totals_are_those_of_the_run_to_its_last_step(made, folder):
    told = json.loads((folder / "metrics.json").read_text())["impact"]
    assert made.totals.loc["energy_kwh", "a"] == told["energy_kwh"]
    again = compare(*sides(str(folder), str(folder)))
    assert again.totals.loc["energy_kwh", "b"] == told["energy_kwh"]
    half = round(float(made.a.truth.loc[6 * 3600.0, "energy_kwh"]), 6)
    short = dataclasses.replace(
        made.b, truth=made.b.truth.loc[: 6 * 3600.0 - 1], totals=made.b.totals
    )
    assert compare(made.a, short).totals.loc["energy_kwh", "a"] == half


def test_the_picture_says_which_is_which(made):
    (legend,) = picture(made).legends
    assert [t.get_text() for t in legend.get_texts()] == [
        "A: both",
        "B: x without its attacks",
    ]
