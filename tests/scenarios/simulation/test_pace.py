import sys

import pytest

import scenarios
from scenarios.commands.keyboard import keyboard
from scenarios.definition.schema import from_data
from scenarios.simulation import pace
from scenarios.simulation.pace import Pace

HOUR = 3600.0


class Clock:
    """A wall clock that only sleeping moves."""

    def __init__(self, monkeypatch, keys=None):
        self.now = 0.0
        self.keys = keys or {}
        monkeypatch.setattr(pace.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(pace.time, "sleep", self.sleep)

    def sleep(self, seconds):
        self.now += seconds

    def pressed(self):
        due = [at for at in self.keys if at <= self.now]
        return self.keys.pop(due[0]) if due else None


def run(**options):
    data = {"name": "x", "duration": "4 h", "warmup": "1 h", "detector": None}
    return scenarios.run(from_data(data), **options)


@pytest.fixture
def fast():
    return run()


def test_sixty_seconds_a_second_take_a_minute_for_an_hour(monkeypatch, fast):
    clock = Clock(monkeypatch)
    paced = run(pace=Pace(60.0))
    assert clock.now == pytest.approx(4 * 60, abs=1)
    assert paced.truth.equals(fast.truth)
    assert paced.scada.equals(fast.scada)


def test_pausing_slowing_and_hurrying_lose_nothing(monkeypatch, fast):
    keys = {10.0: " ", 500.0: " ", 510.0: "+", 520.0: "-", 530.0: "-", 540.0: "f"}
    clock = Clock(monkeypatch, keys)
    paced = run(pace=Pace(60.0, clock.pressed))
    assert 530 < clock.now < 545
    assert not keys
    assert paced.truth.equals(fast.truth)
    assert paced.scada.equals(fast.scada)
    assert list(paced.events["what"]) == list(fast.events["what"])


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_speed_that_makes_no_sense_is_refused(speed):
    with pytest.raises(ValueError, match="above 0"):
        Pace(speed)


def test_without_a_terminal_there_is_no_keyboard():
    with keyboard() as listen:
        assert listen is None


def test_without_posix_there_is_no_keyboard(monkeypatch):
    monkeypatch.setitem(sys.modules, "termios", None)
    with keyboard() as listen:
        assert listen is None
