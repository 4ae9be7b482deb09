"""A run resumed from a stored state equals the one that was not interrupted, to the bit."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from twin.control.orders import Order
from twin.plants.spec import PLANTS, load_plant
from twin.testbed import Testbed
from twin.water.demand import Playback

HOUR, DAY = 3600.0, 86400.0
SHIPPED = sorted(path.parent.name for path in PLANTS.glob("*/network.inp"))
NOISY = {
    "sensors": {"*": {"noise": 0.01, "resolution": 0.001, "drift": 0.002}},
    "links": {
        "*": {"latency": "20 s", "jitter": "40 s", "loss": 0.05, "retries": 1, "timeout": "20 s"},
    },
}


def tables(bed):
    history = bed.historian
    return {t.name: t.frame() for t in (history.truth, history.plc, history.scada, history.quality)}


def whole(spec, days, **options):
    """Run `days`; return the testbed and its state at the start of each day, as JSON."""
    states = {}
    with Testbed(spec, **options) as bed:
        for now in bed.run(days * DAY):
            if now >= 0 and now % DAY == 0 and now < days * DAY:
                states[now] = json.dumps(bed.state())
    return bed, states


def expect_the_same(spec, days, **options):
    bed, states = whole(spec, days, **options)
    at_zero = 1 if options.get("warmup") else 0
    assert len(states) == days - 1 + at_zero
    for start, text in states.items():
        with Testbed(spec, **options, state=json.loads(text)) as resumed:
            for _ in resumed.run(days * DAY):
                pass
        for name, table in tables(resumed).items():
            rest = tables(bed)[name]
            pd.testing.assert_frame_equal(table, rest[rest.index >= start], check_exact=True)
        assert resumed.totals() == bed.totals()
        assert resumed.historian.events == bed.historian.events
        assert resumed.scada.limits.alarms == bed.scada.limits.alarms
        assert resumed.plant.meters.warnings == bed.plant.meters.warnings
        assert resumed.plant.meters.lowest == bed.plant.meters.lowest


@pytest.mark.parametrize("pressure_driven", [False, True])
@pytest.mark.parametrize("plant", SHIPPED)
def test_a_resumed_run_equals_one_that_was_not_interrupted(plant, pressure_driven):
    expect_the_same(load_plant(plant), 3, seed=3, warmup=DAY, pressure_driven=pressure_driven)


@pytest.mark.parametrize("plant", SHIPPED)
def test_messages_under_way_noise_and_losses_go_on_as_they_were(plant):
    spec = load_plant(plant, Path.cwd(), NOISY)
    expect_the_same(spec, 3, seed=4, warmup=DAY)


def test_orders_setpoints_alarms_and_played_demands_go_on_as_they_were():
    limits = {"alarms": {"L_T*": {"L": 3.0, "H": 4.0, "deadband": 0.05}}}
    spec = load_plant("ctown", Path.cwd(), limits)
    orders = [
        Order(30 * HOUR, {"SP_PU1_open": 4.5, "PU3": 1.0}),
        Order(6 * HOUR, {"SP_PU2_closed": 4.0}),
        Order(23.99 * HOUR, {"PU9": 1.0}),
    ]
    hours = [[0.5 + 0.01 * (hour % 24)] * 5 for hour in range(72)]
    expect_the_same(spec, 3, warmup=0.0, demand=Playback(hours), orders=orders)
    expect_the_same(spec, 2, warmup=DAY, orders=orders, levels={"T1": 0.5, "T3": 0.2})


def test_pumps_that_tripped_stay_so():
    """Tanks that start empty make pumps run dry."""
    spec = replace(load_plant("ctown"))
    empty = dict.fromkeys(("T1", "T2", "T3", "T4"), 0.0)
    bed, _ = whole(spec, 2, warmup=0.0, levels=empty, demand=Playback([[3.0] * 5] * 48))
    expect_the_same(spec, 2, warmup=0.0, levels=empty, demand=Playback([[3.0] * 5] * 48))
    assert any(event.kind == "trip" for event in bed.historian.events)


def test_a_state_is_a_few_kilobytes_and_of_a_day_on_which_nothing_acted():
    spec = load_plant("ctown")
    with Testbed(spec, warmup=0.0) as bed:
        for now in bed.run(DAY + HOUR):
            if now == DAY:
                assert len(json.dumps(bed.state())) < 20_000
        with pytest.raises(ValueError, match="a day's beginning, not of 90000 s"):
            bed.state()
    with Testbed(spec, warmup=0.0) as bed:
        bed.actors.append(lambda now, values: None)
        with pytest.raises(ValueError, match="on which nothing acts"):
            bed.state()
