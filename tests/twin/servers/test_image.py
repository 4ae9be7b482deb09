import math

from tests.twin.servers.conftest import Still
from twin.control.orders import Order
from twin.servers.image import Images, order
from twin.tags import Quality
from twin.testbed import Testbed


def test_what_a_plc_receives_stands_beside_what_it_measures(hour):
    image = hour["PLC1"]
    assert image.values["L_T1"] == hour["PLC2"].values["L_T1"]
    assert image.values["SP_PU1_open"] == 4.0 and image.values["SP_PU1_closed"] == 6.3
    assert image.values["running"] == 1.0 and image.values["heartbeat"] == 4.0


def test_bad_stale_and_good_are_told_apart(ctown):
    with Testbed(ctown, warmup=0) as bed:
        for _ in bed.run(3600.0):
            pass
        memory = bed.plcs["PLC1"].memory
        memory.values[memory.index["P_J280"]] = math.nan
        memory.arrived[memory.index["L_T1"]] = 2000.0
        memory.block.mark(memory.places(["P_J269"]) + memory.start, True)
        image = Images(bed.plcs, 600.0).take(3600.0)["PLC1"]
    assert image.quality["P_J280"] == Quality.BAD and math.isnan(image.values["P_J280"])
    assert image.quality["P_J269"] == Quality.BAD and not math.isnan(image.values["P_J269"])
    assert image.quality["L_T1"] == Quality.STALE
    assert image.quality["F_PU1"] == Quality.GOOD


def test_the_heart_of_a_stopped_plc_stands_still(ctown):
    with Testbed(ctown, warmup=0) as bed:
        images = Images(bed.plcs, 600.0)
        beats = [images.take(900.0 * i)["PLC1"].values["heartbeat"] for i in range(3)]
        bed.plcs["PLC1"].running = False
        stopped = images.take(3600.0)["PLC1"].values
    assert beats == [0.0, 1.0, 2.0]
    assert stopped["heartbeat"] == 2.0 and stopped["running"] == 0.0


def test_a_manual_command_shows_in_its_mode(ctown):
    orders = [Order(600.0, {"PU3": 1.0})]
    with Testbed(ctown, warmup=0, orders=orders) as bed:
        for _ in bed.run(3600.0):
            pass
        values = Images(bed.plcs, 600.0).take(3600.0)["PLC1"].values
    assert values["mode.PU3"] == 1.0 and values["PU3"] == 1.0
    assert values["mode.PU1"] == 0.0


def test_a_mode_is_written_as_the_command_it_means(hour):
    still = Still(dict(hour))
    still.holds("PLC1", PU2=1.0)
    name, value = order("mode.PU2", 0.0, still.read("PLC1"))
    assert name == "PU2" and math.isnan(value)
    assert order("mode.PU2", 1.0, still.read("PLC1")) == ("PU2", 1.0)
    assert order("SP_PU1_open", 3.0, still.read("PLC1")) == ("SP_PU1_open", 3.0)


def test_a_write_from_outside_shows_once_the_plc_has_scanned(ctown):
    with Testbed(ctown, warmup=0) as bed:
        images, shown = Images(bed.plcs, 600.0), {}
        bed.actors.append(
            lambda now, _: bed.plcs["PLC1"].write(now, {"SP_PU1_open": 3.5, "PU3": 1.0})
            if now == 1800.0 else None
        )  # fmt: skip
        bed.observers.append(lambda now, _: shown.update({now: images.take(now)["PLC1"].values}))
        for _ in bed.run(3600.0):
            pass
    assert shown[1800.0]["SP_PU1_open"] == 4.0 and shown[1800.0]["mode.PU3"] == 0.0
    after = shown[min(now for now in shown if now > 1800.0)]
    assert after["SP_PU1_open"] == 3.5 and after["mode.PU3"] == after["PU3"] == 1.0
