"""What a recorder shows, and how much it keeps."""

import numpy as np
import pytest

from attacks.build import build
from scenarios.definition.schema import from_data
from tests.attacks.beds import HOUR, armed_run
from tests.attacks.ports import STEP, Port
from twin.errors import InputError

TAPE = np.arange(100.0)  # one value every 5 min, each its own number


def playing(fields, seed=0):
    port = Port({"replay": fields}, seed)
    port.usual(TAPE)
    port.begin()
    return port


def test_a_window_is_played_over_and_over_or_once():
    shown = playing({"window": "50 min"}).values([500.0] * 25)
    assert shown == [*TAPE[90:], *TAPE[90:], *TAPE[90:95]]
    shown = playing({"window": "50 min", "loop": False}).values([500.0] * 12)
    assert shown == [*TAPE[90:], 500.0, 500.0]


def test_a_second_start_plays_what_passed_before_it():
    port = playing({"window": "50 min"})
    port.values([500.0] * 3)
    port.end()
    port.usual([600.0] * 4)
    port.begin()
    assert port.values([0.0] * 10) == [97.0, 98.0, 99.0, *[500.0] * 3, *[600.0] * 4]


def test_noise_is_uniform_and_clamped():
    port = Port({"replay": {"window": "1 h", "noise": 0.25, "low": 0.9, "high": 1.1}})
    port.usual([1.0] * 20)
    port.begin()
    shown = np.array(port.values([5.0] * 3000))
    assert shown.min() == 0.9
    assert shown.max() == 1.1
    assert np.mean(shown == 0.9) == pytest.approx(0.3, abs=0.03)  # .15 of .5 lies below
    port = Port({"replay": {"window": "1 h", "noise": 0.25}})
    port.usual([1.0] * 20)
    port.begin()
    errors = np.array(port.values([5.0] * 3000)) - 1.0
    assert abs(errors).max() <= 0.25
    assert errors.std() == pytest.approx(0.25 / np.sqrt(3.0), rel=0.05)


def test_random_pieces_come_from_the_window_and_are_the_same_for_all_tags():
    port = Port({"replay": {"window": "5 h", "random": "30 min"}}, seed=3)
    for value in TAPE:
        port.usual([value])
        port.now -= STEP
        port.usual([-value], tag="L_T2")
    port.begin()
    rows = port.packets([[500.0, 500.0]] * 60, tags=("L_T1", "L_T2"))
    first = np.array([row[0].reading.value for row in rows])
    assert [row[1].reading.value for row in rows] == (-first).tolist()
    assert first.min() >= 39.0  # the value that held when the window began
    pieces = first.reshape(10, 6)
    assert (np.diff(pieces, axis=1) == 1.0).all()  # each runs on as it was recorded
    assert len(set(pieces[:, 0])) > 5


@pytest.mark.parametrize("fields", [{"shift": "2 h"}, {"window": "2 h"}])
def test_the_tape_holds_no_more_than_it_needs(fields):
    port = Port({"replay": fields})
    port.usual(np.zeros(5000))
    assert len(port.attack._tape["L_T1"]) <= 2 * HOUR / STEP + 1
    port.begin()
    port.values(np.zeros(5000))
    assert len(port.attack._tape["L_T1"]) <= 2 * HOUR / STEP + 1


@pytest.mark.parametrize(("raw", "by"), [(False, 1.0), (True, 0.0)])
def test_it_copies_what_came_in_or_what_those_before_it_made_of_it(raw, by):
    offset = {"on": "link:PLC2->SCADA", "do": {"offset": {"by": 1.0}}}
    replay = {"on": "link:PLC2->SCADA", "do": {"replay": {"window": "2 h", "raw": raw}}}
    replay["when"] = {"from": "4 h", "for": "2 h"}
    entries = from_data({"name": "x", "attacks": [offset, replay]}).attacks
    run = armed_run(entries, hours=7)
    shown = run.scada["L_T1"].loc[4 * HOUR : 6 * HOUR - 1].to_numpy()
    taped = run.truth["L_T1"].loc[2 * HOUR : 4 * HOUR - 1].to_numpy()
    np.testing.assert_array_equal(shown, taped + by)
    np.testing.assert_array_equal(
        run.scada["L_T1"].loc[6 * HOUR :], run.truth["L_T1"].loc[6 * HOUR :] + 1.0
    )


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"window": "1 h", "random": "2 h"}, "at most window"),
        ({"shift": "1 h", "random": "10 min"}, "at most window"),
        ({"shift": "1 h", "loop": False}, "loop: false"),
        ({"window": "2 h", "random": "1 h", "loop": False}, "loop: false"),
        ({"window": "1 h", "low": 2, "high": 1}, "low 2 lies above high 1"),
        ({"window": "1 h", "noise": -1}, "at least 0"),
    ],
)
def test_fields_that_make_no_sense(fields, says):
    with pytest.raises(InputError, match=says):
        build({"replay": fields})
