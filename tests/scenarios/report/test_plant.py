import json

from scenarios.report.plant import plant_in_words, plant_summary
from tests.scenarios.definition.test_templates import hydrotwin
from twin.plants.spec import load_plant
from twin.testbed import Testbed


def test_every_name_it_gives_is_a_port_or_an_order_of_the_plant():
    plant = load_plant("ctown")
    found = plant_summary(plant)
    with Testbed(plant, warmup=0.0) as bed:
        for link in found.links:
            assert bed.points(link)
        assert {point.name for point in bed.points("link:*")} == set(found.links)
        for name, plc in found.plcs.items():
            for tag in plc.measures:
                assert bed.points(f"sensor:{tag}")
            for tag, sender in plc.hears.items():
                assert tag in bed.points(f"link:{sender}->{name}")[0].tags
            for actuator in plc.drives:
                assert bed.points(f"actuator:{actuator}")
            if plc.drives:
                assert set(plc.orders) == set(bed.points(f"link:SCADA->{name}")[0].tags)


def test_c_town_is_told_as_it_is():
    found = plant_summary(load_plant("ctown"))
    assert list(found.tanks) == ["T1", "T2", "T3", "T4", "T5", "T6", "T7"]
    assert (found.tanks["T1"].highest_m, found.tanks["T1"].diameter_m) == (6.5, 31.3)
    assert found.tanks["T4"].limits_m == {"LL": 0.5, "L": 1.7, "HH": 4.699}
    assert found.districts["DMA1"].tanks == ["T1", "T2"]
    assert abs(found.districts["DMA1"].base_l_s - 107.86) < 0.1
    words = plant_in_words(found)
    assert "  hears    L_T1 from PLC2" in words
    assert any("L_T1 < 4.0: PU1 open; L_T1 > 6.3: PU1 closed" in line for line in words)


def test_what_attacks_on_the_process_may_name_is_counted_and_all_of_it_can_be_had():
    plant = load_plant("ctown")
    found = plant_summary(plant)
    named = [name for names in found.elements.values() for name in names]
    others = [*plant.model.node_name_list, *plant.model.link_name_list]
    assert sorted([*named, *found.tanks]) == sorted(others)
    assert "P310" in found.elements["pipes"]
    words = plant_in_words(found)
    assert "elements, each a plant:NAME (all names: --json)" in words
    (pipes,) = [line for line in words if line.startswith("  pipes ")]
    assert pipes.startswith("  pipes      P1 to P3, P5 to P35, ")
    assert pipes.endswith("(429 in all)")
    assert "  valves     V2, V45, V47, v1" in words


def test_the_command_prints_it(capsys):
    assert hydrotwin("plant", "show") == 0
    out = capsys.readouterr().out
    assert "  level [m]       L_T1 to L_T7\n" in out
    start = out.splitlines().index("tanks [m], with SCADA's limits on their levels")
    head, t1, *_, t4 = out.splitlines()[start + 1 : start + 6]
    assert head.split() == ["level", "diameter", "LL", "L", "H", "HH", "district"]
    assert t1.split() == ["T1", "0", "to", "6.5", "31.3", "0.1", "0.25", "5.5", "6.4", "DMA1"]
    assert t4.split() == ["T4", "0", "to", "4.7", "11.64", "0.5", "1.7", "-", "4.699", "DMA2"]
    assert max(map(len, (head, t1, t4))) <= 80
    assert "  to PLC1   from J269, J280, PLC2, PU1 to PU3, SCADA\n" in out
    assert hydrotwin("plant", "show", "ctown", "--json") == 0
    assert json.loads(capsys.readouterr().out)["plcs"]["PLC1"]["hears"] == {"L_T1": "PLC2"}
