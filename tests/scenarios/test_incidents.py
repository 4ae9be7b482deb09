import pandas as pd
import pytest

from scenarios.incidents import AFTERMATH, false_episodes, incidents

HOUR = 3600.0


class Fired:
    """Stands for an entry after a run: what incidents look at."""

    class entry:  # noqa: N801
        incident = "one"

    def __init__(self, start, end):
        self.span = (start * HOUR, end * HOUR)


def alarms(*hours):
    table = pd.DataFrame({"time": [h * HOUR for h in hours], "last": [h * HOUR for h in hours]})
    return table.set_index("time")


def happened(raised):
    return incidents([Fired(10, 20)], pd.DataFrame(), None, raised)


@pytest.mark.parametrize(
    ("hours", "delay", "false"),
    [
        ((), None, 0),
        ((10,), 0.0, 0),
        ((15, 17), 5.0, 0),
        ((9,), None, 1),
        ((9, 12), 2.0, 1),
        ((20,), None, 0),
        ((20 + AFTERMATH / HOUR,), None, 1),
        ((0, 5, 19, 60), 9.0, 3),
    ],
)
def test_only_an_alarm_raised_during_an_attack_detects_it(hours, delay, false):
    raised = alarms(*hours)
    found = happened(raised)
    assert found[0].detected is (delay is not None)
    assert found[0].delay_h == delay
    assert false_episodes(raised, found) == false


def test_an_alarm_that_is_always_on_detects_nothing():
    raised = alarms(0)
    raised["last"] = 100 * HOUR
    found = happened(raised)
    assert found[0].detected is False
    assert false_episodes(raised, found) == 1
