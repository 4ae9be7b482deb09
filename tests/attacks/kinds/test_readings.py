"""What is shown instead of a reading."""

import math

import numpy as np
import pytest
from ruamel.yaml import YAML

from attacks.attack import Attack
from attacks.build import as_data, build
from attacks.registry import register
from scenarios.definition.schema import from_data, load, to_yaml
from tests.attacks.beds import HOUR, armed_run
from tests.attacks.ports import Port
from twin.errors import InputError

STAIRS = {"points": [["0 min", -0.5], ["10 min", -1.0], ["20 min", -2.0]], "staircase": True}
LINE = {"points": [["5 min", 1.0], ["15 min", 3.0]]}
SHOWN = [
    ({"offset": {"by": -1.5}}, [1.0, 2.0], [-0.5, 0.5]),
    ({"constant": {"value": 5.6}}, [1.0, math.nan], [5.6, 5.6]),
    ({"zero": {}}, [1.0, math.nan], [0.0, 0.0]),
    ({"scale": {"factor": 0.5}}, [1.0, -2.0], [0.5, -1.0]),
    ({"quantise": {"resolution": 0.5}}, [1.2, 1.3, -0.9], [1.0, 1.5, -1.0]),
    ({"clip": {"above": 3.0}}, [2.9, 3.1], [2.9, 3.0]),
    ({"clip": {"above": 3.0, "below": 2.0}}, [1.9, 2.5, 3.1], [2.0, 2.5, 3.0]),
    ({"freeze": {}}, [math.nan, 2.0, 3.0, math.nan], [math.nan, 2.0, 2.0, 2.0]),
    ({"ramp": {"rate": -1.2, "limit": 0.25}}, [5.0] * 5, [5.0, 4.9, 4.8, 4.75, 4.75]),
    ({"ramp": {"rate": 12.0}}, [0.0, 0.0, 0.0], [0.0, 1.0, 2.0]),
    ({"polyline": LINE}, [1.0] * 5, [2.0, 2.0, 3.0, 4.0, 4.0]),
    ({"polyline": STAIRS}, [3.0] * 6, [2.5, 2.5, 2.0, 2.0, 1.0, 1.0]),
]


@pytest.mark.parametrize(("do", "came", "shown"), SHOWN)
def test_what_is_shown(do, came, shown):
    port = Port(do)
    port.usual([9.0, 9.0])
    port.begin()
    np.testing.assert_allclose(port.values(came), shown, rtol=1e-12)


@pytest.mark.parametrize(("do", "came", "shown"), SHOWN)
def test_a_second_start_begins_anew(do, came, shown):
    port = Port(do)
    port.begin()
    port.values([7.0, 8.0, 9.0])
    port.end()
    port.usual([6.0])
    port.begin()
    np.testing.assert_allclose(port.values(came), shown, rtol=1e-12)


@pytest.mark.parametrize(
    "do",
    [
        do
        for do, _, _ in SHOWN
        if {*do} & {"offset", "scale", "quantise", "clip", "ramp", "polyline"}
    ]
    + [{"noise": {"std": 1.0}}, {"bias": {"threshold": 1.0}}],
)
def test_nothing_measured_stays_nothing(do):
    port = Port(do)
    port.begin()
    assert math.isnan(port.values([math.nan])[0])


def test_noise_has_its_standard_deviation_and_follows_the_seed():
    def shown(seed):
        port = Port({"noise": {"std": 0.3}}, seed)
        port.begin()
        return np.array(port.values([2.0] * 4000))

    errors = shown(1) - 2.0
    assert abs(errors.mean()) < 0.02
    assert errors.std() == pytest.approx(0.3, rel=0.05)
    np.testing.assert_array_equal(shown(1), shown(1))
    assert (shown(1) != shown(2)).all()


def test_swap_exchanges_two_tags_on_their_link_only():
    data = {"on": "link:PLC3->SCADA", "tags": ["F_PU4", "P_J300"], "do": {"swap": {}}}
    data["when"] = {"from": "2 h", "for": "2 h"}
    run = armed_run(from_data({"name": "x", "attacks": [data]}).attacks, hours=6)
    during = slice(2 * HOUR, 4 * HOUR - 1)
    shown, true = run.scada.loc[during], run.truth.loc[during]
    np.testing.assert_array_equal(shown["F_PU4"], true["P_J300"])
    np.testing.assert_array_equal(shown["P_J300"], true["F_PU4"])
    others = [tag for tag in run.scada if tag not in data["tags"]]
    np.testing.assert_array_equal(run.scada[others], run.truth[others])
    np.testing.assert_array_equal(
        run.scada.loc[4 * HOUR :], run.truth[[*run.scada]].loc[4 * HOUR :]
    )


def test_swap_wants_two_tags():
    data = {"on": "link:PLC3->SCADA", "tags": ["F_PU4"], "do": {"swap": {}}}
    with pytest.raises(InputError, match="two tags") as caught:
        armed_run(from_data({"name": "x", "attacks": [data]}).attacks, hours=1)
    assert caught.value.keys == ("attacks", 0, "do", "swap")


TABLE = "time,L_T1,L_T2\n0,1.0,3\n1,2.0,\n3,4.0,5\n"


def test_a_table_is_found_beside_its_scenario_and_shown(tmp_path):
    (tmp_path / "shown.csv").write_text(TABLE)
    file = tmp_path / "mine.yaml"
    file.write_text(
        "name: mine\nattacks:\n"
        '  - {on: "link:*->SCADA", tags: [L_T1, L_T2, L_T3], do: {table: {file: shown.csv}},'
        " when: {from: 2 h}}\n"
    )
    scenario = load(file)
    run = armed_run(scenario.attacks, hours=6)
    shown = run.scada.loc[2 * HOUR :]
    hours = (shown.index - 2 * HOUR) / HOUR
    np.testing.assert_allclose(shown["L_T1"], np.interp(hours, [0, 3], [1, 4]))
    np.testing.assert_allclose(shown["L_T2"], np.interp(hours, [0, 3], [3, 5]))
    np.testing.assert_array_equal(shown["L_T3"], run.truth["L_T3"].loc[2 * HOUR :])

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    again = from_data(YAML(typ="safe").load(to_yaml(scenario)), elsewhere)
    assert again.attacks == scenario.attacks


def test_one_column_for_all_tags_and_a_staircase(tmp_path):
    (tmp_path / "all.csv").write_text("time,value\n0,1\n0.25,2\n")
    port = Port({"table": {"file": "all.csv", "staircase": True}}, folder=tmp_path)
    port.begin()
    assert port.values([7.0] * 5) == [1.0, 1.0, 1.0, 2.0, 2.0]


def test_a_shipped_table_keeps_its_name():
    do = {"table": {"file": "t1-usual-day.csv"}}
    assert as_data(build(do)) == do["table"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hour,L_T1\n0,1\n", r":1: the columns are time"),
        ("time,L_T1\n0,high\n", r":2: a row has numbers only"),
        ("time,L_T1\n0,1\n0,2\n", r":3: times rise"),
        ("time,L_T1\n0,1,2\n", r":2: a row has 2 numbers"),
        ("time,L_T1\n0,inf\n", r":2: a row has 2 numbers"),
        ("time,L_T1\n0,\n", "L_T1 has no value"),
        (None, "cannot be read"),
    ],
)
def test_a_table_that_cannot_be_used_says_where(tmp_path, text, says):
    if text is not None:
        (tmp_path / "shown.csv").write_text(text)
    with pytest.raises(InputError, match=says):
        Port({"table": {"file": "shown.csv"}}, folder=tmp_path)


def test_a_table_of_a_tag_that_does_not_pass_is_refused(tmp_path):
    (tmp_path / "shown.csv").write_text("time,L_T9\n0,1\n")
    data = {"on": "link:PLC2->SCADA", "do": {"table": {"file": "shown.csv"}}}
    entries = from_data({"name": "x", "attacks": [data]}, tmp_path).attacks
    with pytest.raises(InputError, match="not pass there: did you mean L_T1") as caught:
        armed_run(entries, hours=1)
    assert caught.value.keys == ("attacks", 0, "do", "table", "file")


def test_durations_inside_a_list_are_written_as_they_are_read():
    do = {"polyline": {"points": [["0 s", 0.0], ["90 min", -0.5]], "staircase": True}}
    assert as_data(build(do)) == do["polyline"]
    assert as_data(build({"timestamp": {"by": "-90 min"}})) == {"by": "-90 min"}


@pytest.mark.parametrize(
    ("do", "says", "keys"),
    [
        ({"polyline": {"points": []}}, "at least one", ("polyline",)),
        ({"polyline": {"points": [["1 h", 1], ["1 h", 2]]}}, "1 h comes after 1 h", ("polyline",)),
        (
            {"polyline": {"points": [["0 h", 1], ["5 h", 1], ["3 h", 2]]}},
            "later than the one before it: 3 h comes after 5 h",
            ("polyline",),
        ),
        (
            {"polyline": {"points": [["1 h"]]}},
            "points: a part is missing in",
            ("polyline", "points", 0, 1),
        ),
        ({"polyline": {"points": [[1, 1]]}}, "not a duration", ("polyline", "points", 0, 0)),
        ({"clip": {}}, "above or below", ("clip",)),
        ({"clip": {"above": 1, "below": 2}}, "below 2 lies above", ("clip",)),
        ({"quantise": {"resolution": 0}}, "above 0", ("quantise", "resolution")),
        ({"noise": {"std": -1}}, "above 0", ("noise", "std")),
        ({"ramp": {"rate": 1, "limit": 0}}, "above 0", ("ramp", "limit")),
    ],
)
def test_fields_that_make_no_sense(do, says, keys):
    with pytest.raises(InputError, match=says) as caught:
        build(do)
    assert caught.value.keys == keys


def test_a_field_may_not_hide_a_method():
    from dataclasses import dataclass

    @dataclass(frozen=True, kw_only=True)
    class Hiding(Attack):
        step: float

    with pytest.raises(ValueError, match="'step' would hide"):
        register("hiding")(Hiding)
