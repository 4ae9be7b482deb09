import dataclasses
import json
import re
import shutil

import pytest

import scenarios
from scenarios.commands.compare import _print
from scenarios.definition.schema import from_data
from scenarios.report.comparison import plot_comparison
from scenarios.results.compare import compare
from scenarios.simulation.sides import sides
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
    scenarios.run(from_data(data), out=out, watch=False)
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
    assert "nothing differs" in [t.get_text() for t in plot_comparison(same).axes[0].texts]


def test_runs_of_different_length_are_compared_over_what_both_have(made):
    a = made.a
    short = dataclasses.replace(a, truth=a.truth.iloc[:60], scada=a.scada.iloc[:60])
    assert compare(short, made.b).hours == 5
    assert {one.tag for one in compare(short, made.b).differences} == {"L_T1"}


def test_different_dates_are_set_side_by_side_by_the_hour_and_that_is_said(
    folder, tmp_path, capsys
):
    text = (folder / "scenario.yaml").read_text()
    later = tmp_path / "later"
    shutil.copytree(folder, later)
    (later / "scenario.yaml").write_text(text.replace("2026-01-05", "2026-03-02"))
    _print(compare(*sides(str(folder), str(later))))
    said = "B: it starts 2026-03-02 00:00:00, and both 2026-01-05 00:00:00: hours are those since"
    assert said in " ".join(capsys.readouterr().out.split())


def test_the_picture_names_every_tag_that_differs(made):
    axes = plot_comparison(made).axes
    assert [t.get_text() for t in axes[0].get_yticklabels()] == [d.tag for d in made.differences]
    assert axes[1].get_ylabel().endswith("[m]")


def test_what_cannot_be_compared_is_said(tmp_path):
    with pytest.raises(InputError, match="no attack to leave out"):
        sides("normal", None)
    with pytest.raises(InputError, match="no run folder"):
        sides(str(tmp_path), "normal")
    with pytest.raises(InputError, match="or shipped scenario 'norml': did you mean normal"):
        sides("norml", "normal")


def test_a_missing_run_folder_is_answered_with_those_beside_it(folder):
    wrong = str(folder.with_name("bothh"))
    with pytest.raises(InputError, match=f"no run folder, .* '{wrong}': did you mean {folder}"):
        sides(wrong, None)


def test_what_a_run_folder_lacks_is_said_and_how_to_make_it(folder, tmp_path):
    (tmp_path / "scenario.yaml").write_text((folder / "scenario.yaml").read_text())
    (tmp_path / "truth.parquet").touch()
    with pytest.raises(InputError) as caught:
        sides(str(tmp_path), None)
    assert str(caught.value) == (
        f"{tmp_path} lacks metrics.json, scada.parquet: make the run again by "
        f"hydrotwin run {tmp_path}/scenario.yaml --out {tmp_path}-again"
    )


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


def test_what_is_printed_has_units_and_no_minus_zero(made, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    _print(dataclasses.replace(made, totals=made.totals.assign(difference=-0.01)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["A  both", "B  x without its attacks", "12 h of both"]
    cells = [re.split(r"\s{2,}", line.strip()) for line in lines]
    rows = {first: rest for first, *rest in cells}
    assert rows["tag"] == ["water differs from [h]", "for [h]", "SCADA differs from [h]",
                           "for [h]", "by at most", "at [h]"]  # fmt: skip
    (stopped,) = [one for one in made.differences if one.tag == "F_PU1"]
    assert rows["F_PU1"][4] == f"{stopped.most:.2f} L/s"
    assert rows["S_PU1"][4] == "1.00"
    assert rows["impact"] == ["A", "B", "A − B"]
    assert rows["pump energy [kWh]"][2] == "0.0"
    assert not any("-0.0" in line for line in lines)


def test_the_picture_says_which_is_which(made):
    (legend,) = plot_comparison(made).legends
    assert [t.get_text() for t in legend.get_texts()] == [
        "A: both",
        "B: x without its attacks",
    ]
