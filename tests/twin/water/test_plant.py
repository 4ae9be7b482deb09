import numpy as np
import pytest
import wntr

from twin.plants.spec import load_plant
from twin.water.plant import Plant
from twin.water.pumps import most_power


@pytest.fixture(scope="module")
def ctown():
    return load_plant("ctown")


def test_levels_agree_with_wntr_over_a_week(ctown, tmp_path):
    """The plant, driven by the INP's own controls, follows WNTR's EpanetSimulator within 2 cm.

    EPANET lets a control act when its tank is within one second's flow of the threshold; the
    test does the same from outside, so that what is compared is the water, not the PLCs.
    """
    week = 7 * 86400
    model = ctown.read_model()
    model.options.time.duration = week
    result = wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(tmp_path / "wntr"))
    patterns = np.array([model.get_pattern(f"{dma}_pat").multipliers for dma in ctown.dmas])
    level_of = {tag.name: tag.element for tag in ctown.tags if tag.quantity == "level"}
    rules = [rule for plc in ctown.plcs.values() for rule in plc.rules]
    levels, switched = [], 0
    with Plant(ctown) as plant:
        while plant.time < week:
            if plant.time % 3600 == 0:
                plant.set_demands(patterns[:, plant.time // 3600 % 168])
            rates = plant.rates()
            for rule in rules:
                ((tag, threshold),) = rule.when.thresholds
                tank = plant.tanks.index(level_of[tag])
                level, rise = plant.levels[tank], rates[tank]
                beyond = level - abs(rise) if rule.command else level + abs(rise)
                near = beyond <= threshold if rule.command else beyond >= threshold
                if near and plant.settings[rule.actuator] != rule.command:
                    plant.write(rule.actuator, rule.command)
                    switched += 1
            plant.solve()
            if plant.time % 300 == 0:
                levels.append(plant.levels.copy())
            step = 300 - plant.time % 300
            rates = plant.rates()
            for rule in rules:
                ((tag, threshold),) = rule.when.thresholds
                tank = plant.tanks.index(level_of[tag])
                level, rise = plant.levels[tank], rates[tank]
                if rise and plant.settings[rule.actuator] != rule.command:
                    ahead = int((threshold - level) / rise + 0.5)
                    if 0 < ahead < step:
                        step = ahead
            plant.advance(step)
        expected = result.node["pressure"][list(plant.tanks)].to_numpy()[: len(levels)]
    assert switched > 100
    assert np.abs(np.array(levels) - expected).max() < 0.02


def test_a_full_tank_spills_what_arrives_and_loses_no_water(ctown):
    with Plant(ctown) as plant:
        plant.set_demands(np.full(5, 0.05))
        for name in ("PU1", "PU2", "PU3"):
            plant.write(name, 1.0)
        tank = plant.tanks.index("T1")
        arrived = 0.0
        start = plant.levels[tank]
        while plant.time < 48 * 3600:
            plant.solve()
            inflow, before = plant.inflows[tank], plant.time
            plant.advance(300)
            arrived += inflow * (plant.time - before) / 1000
        stored = np.pi / 4 * 31.3**2 * (plant.levels[tank] - start)
        spilled = plant.meters.overflow[tank]
    assert plant.levels[tank] == pytest.approx(6.5)
    assert spilled > 100
    assert arrived == pytest.approx(stored + spilled, rel=1e-3)


def test_an_empty_network_counts_its_hours_and_what_it_did_not_deliver(ctown):
    for pressure_driven in (False, True):
        with Plant(ctown, pressure_driven=pressure_driven) as plant:
            plant.set_demands(np.full(5, 0.6))
            for name in plant.settings:
                plant.write(name, 0.0)
            while plant.time < 24 * 3600:
                plant.solve()
                plant.advance(300)
            assert plant.meters.empty.max() > 1
            assert plant.meters.total("unmet_m3") > 100


def test_two_plants_in_one_process_do_not_disturb_each_other(ctown):
    def step(plant):
        plant.solve()
        plant.advance(300)
        return plant.values.copy()

    with Plant(ctown) as alone:
        alone.set_demands(np.full(5, 0.6))
        expected = [step(alone) for _ in range(50)]
    with Plant(ctown) as one, Plant(ctown) as other:
        one.set_demands(np.full(5, 0.6))
        other.set_demands(np.full(5, 0.9))
        for values in expected:
            np.testing.assert_array_equal(step(one), values)
            step(other)


def test_a_reduced_pump_speed_pumps_less_and_status_puts_it_back(ctown):
    with Plant(ctown) as plant:
        plant.set_demands(np.full(5, 0.6))
        flow = ctown.tag_names.index("F_PU2")
        flows = []
        for setting in (1.0, 0.9, 1.0, 0.0):
            plant.write("PU2", setting)
            plant.solve()
            flows.append(plant.values[flow])
    assert flows[0] > flows[1] > 0
    assert flows[2] == pytest.approx(flows[0], rel=1e-3)
    assert flows[3] == 0


def test_a_pump_that_runs_dry_stands_still_and_invents_no_flow(ctown):
    """T2 behind a closed V2 runs empty while four pumps draw from it; V2 opens at last."""
    pumps = ("PU4", "PU5", "PU6", "PU7")
    limit = sum(most_power(ctown.model, name) for name in (*pumps, "PU1", "PU2"))
    flows = [ctown.tag_names.index(f"F_{name}") for name in pumps]
    stood, restarted, seen = set(), set(), []
    with Plant(ctown, pressure_driven=True) as plant:
        plant.set_demands(np.full(5, 0.6))
        plant.write("V2", 0.0)
        for name in pumps:
            plant.write(name, 1.0)
        while plant.time < 48 * 3600:
            if plant.time == 36 * 3600:
                assert not restarted
                plant.write("V2", 1.0)
                plant.write("PU1", 1.0)
            before = set(plant.tripped)
            plant.solve()
            stood |= set(plant.tripped)
            restarted |= before - set(plant.tripped)
            seen.append(plant.values[flows].copy())
            plant.advance(300)
        assert plant.meters.total("energy_kwh") <= limit * 48
    assert stood == set(pumps)
    assert restarted
    assert np.array(seen).max() < 150
    assert np.array(seen).min() >= 0


@pytest.mark.parametrize("pressure_driven", [False, True])
@pytest.mark.parametrize(("pump", "pipe"), [("PU4", "P376"), ("PU1", "P322")])
def test_a_pump_is_stopped_where_nothing_is_drawn_at_its_dry_suction(
    ctown, pump, pipe, pressure_driven
):
    """EPANET warns of negative pressures only at junctions that draw something."""
    with Plant(ctown, pressure_driven=pressure_driven) as plant:
        plant.write(pump, 1.0)
        plant.hold(pipe, 0.0)
        plant.solve()
        assert not plant.meters.warnings
        assert list(plant.tripped) == [pump]


@pytest.mark.parametrize("pressure_driven", [False, True])
def test_after_a_fresh_start_nothing_depends_on_what_was_solved_before(ctown, pressure_driven):
    """A plant that has run for hours goes on, bit for bit, as one that was just opened there."""

    def hours(plant, count):
        rows = []
        for _ in range(count * 12):
            plant.solve()
            rows.append(plant.values.copy())
            plant.advance(300)
        return np.array(rows)

    options = {"pressure_driven": pressure_driven}
    with Plant(ctown, clock=9 * 3600, **options) as used:
        used.write("PU1", 1.0)
        used.write("PU4", 0.9)
        used.write("V2", 1.0)
        used.leak("J280", 1e-3)
        used.hold("P14", 0.0)
        hours(used, 6)
        used.leak("J280", 0.0)
        used.release("P14")
        with Plant(ctown, clock=9 * 3600, **options) as new:
            new.restore(used.state())
            used.start_afresh()
            new.start_afresh()
            used.meters.restart()
            new.meters.restart()
            np.testing.assert_array_equal(hours(used, 3), hours(new, 3))
            done = np.array(used.meters.columns) != "pump_starts"  # what ran before starts no more
            totals = used.meters.totals()[done]
            np.testing.assert_array_equal(totals, new.meters.totals()[done])
