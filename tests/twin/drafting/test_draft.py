"""A plant folder from any EPANET file."""

import re
from pathlib import Path

import numpy as np
import pytest
import wntr

from scenarios.simulation.notes import cautions
from tests.twin.drafting.test_controls import PSI, RULES, SMALL
from twin.drafting.draft import draft
from twin.errors import InputError
from twin.plants.spec import PLANTS, load_plant
from twin.testbed import Testbed
from twin.water.plant import Plant

LIBRARY = Path(wntr.__file__).parent / "library" / "networks"
CTOWN = PLANTS / "ctown" / "network.inp"
DAY = 86400


def make(tmp_path, controls="", rules="", change=lambda text: text):
    path = tmp_path / "small.inp"
    path.write_text(change(SMALL.format(controls=controls, rules=rules)))
    return draft(path, tmp_path / "plant")


def high_and_dry(tmp_path):
    """Draft a plant whose pump stands above the reservoir it draws from."""
    old_and_new = {
        "PU R J1": "PU J0 J1",
        "[JUNCTIONS]": "[JUNCTIONS]\n J0 60 1",
        "[PIPES]": "[PIPES]\n P0 R J0 100 12 100 0 Open",
    }

    def change(text):
        for old, new in old_and_new.items():
            text = text.replace(old, new)
        return text

    return make(tmp_path, change=change)


def run(plant, days, **options):
    with Testbed(plant, warmup=0.0, **options) as bed:
        for _ in bed.run(days * DAY):
            pass
    return bed


def wiring(plant, keep):
    """Return a plant's PLCs without their names: what each drives, measures, is told, decides."""
    sensors = {name: frozenset(plc.sensors) & keep for name, plc in plant.plcs.items()}
    rules = {
        name: {(rule.actuator, rule.command, rule.when.text) for rule in plc.rules}
        for name, plc in plant.plcs.items()
    }
    return {
        (
            frozenset(plc.actuators),
            sensors[name],
            frozenset((tag, sensors[sender]) for tag, sender in plc.receives.items()),
            frozenset(rules[name]),
        )
        for name, plc in plant.plcs.items()
    }


def test_ctowns_draft_is_the_hand_written_wiring_up_to_names(tmp_path):
    """All 43 tags, at the same PLC; beside them only pressures at the ends of other pumps."""
    ours, drafted = load_plant("ctown"), draft(CTOWN, tmp_path / "town").spec
    names = frozenset(ours.tag_names)
    assert wiring(drafted, names) == wiring(ours, names)
    assert dict(drafted.dmas) == dict(ours.dmas)
    more = [tag for tag in drafted.tags if tag.name not in names]
    ends = {
        getattr(p, f"{end}_node_name") for _, p in ours.model.pumps() for end in ("start", "end")
    }
    assert len(more) == len(drafted.tags) - 43 == 12
    assert {tag.element for tag in more} <= ends


def test_ctowns_draft_with_batadals_scan_is_the_same_water(tmp_path):
    drafted = draft(CTOWN, tmp_path / "town").spec
    slow = {"scan": {"every": "15 min", "crossings": "nearest"}}
    slower = load_plant(drafted.folder, control=slow)
    ours = load_plant("ctown")
    expected = run(ours, 2).historian.truth.frame()[list(ours.tag_names)]
    truth = run(slower, 2).historian.truth.frame()
    np.testing.assert_allclose(truth[list(ours.tag_names)], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "days", "within"),
    [
        ("Net1", 2, 0.002),
        ("Net3", 2, 0.001),
        pytest.param("ky4", 2, 0.002, marks=pytest.mark.slow),
        pytest.param("Net6", 7, 0.025, marks=pytest.mark.slow),
    ],
)
def test_levels_are_those_of_wntr_with_the_files_own_controls(tmp_path, name, days, within):
    """Every 5 minutes, every tank, metres."""
    file = LIBRARY / f"{name}.inp"
    model = wntr.network.WaterNetworkModel(str(file))
    times = model.options.time
    times.duration, times.hydraulic_timestep, times.report_timestep = days * DAY, 300, 300
    model.options.quality.parameter = "NONE"
    result = wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(tmp_path / "wntr"))
    made = draft(file, tmp_path / "plant")
    bed = run(made.spec, days)
    tags = {tag.name: tag.element for tag in made.spec.tags if tag.quantity == "level"}
    truth = bed.historian.truth.frame()[list(tags)].to_numpy()
    expected = result.node["pressure"][list(tags.values())].to_numpy()[: len(truth)]
    assert len(bed.historian.events) >= 3  # something switched
    assert np.abs(truth - expected).max() < within


def test_rules_switch_when_epanets_do(tmp_path):
    """Seven switches in two days, within 15 min: EPANET looks each rule step, and that adds up."""
    rules = (
        "RULE night\nIF TANK T LEVEL BELOW 8\nAND SYSTEM CLOCKTIME >= 20:00\n"
        "OR SYSTEM CLOCKTIME < 5:00\nTHEN PUMP PU STATUS = OPEN\n"
        "RULE full\nIF TANK T LEVEL > 14\nTHEN PUMP PU STATUS = CLOSED\nPRIORITY 2\n"
        "RULE empty\nIF TANK T LEVEL BELOW 3\nTHEN PUMP PU STATUS = OPEN\nPRIORITY 3\n"
    )
    change = lambda text: text.replace("J1 100 10", "J1 100 300").replace("6 am", "12 am")  # noqa: E731
    plant = make(tmp_path, rules=rules, change=change).spec
    model = wntr.network.WaterNetworkModel(str(tmp_path / "small.inp"))
    times = model.options.time
    times.hydraulic_timestep, times.report_timestep, times.rule_timestep = 300, 300, 60
    result = wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(tmp_path / "wntr"))
    runs = (result.link["flowrate"]["PU"] > 1e-6).astype(int).diff()
    expected = runs.index[runs.abs() == 1].to_numpy()
    switched = np.array([event.time for event in run(plant, 2).historian.events])
    assert len(switched) == len(expected) == 7
    assert (np.abs(expected - switched) < 900).all()


def test_every_statement_is_carried_over_or_named(tmp_path):
    rules = RULES + "RULE no\nIF SYSTEM DEMAND > 5\nTHEN PUMP PU STATUS = OPEN\n"
    made = make(tmp_path, "LINK PU OPEN IF NODE T BELOW 10\nLINK CV OPEN AT TIME 1", rules)
    said = (tmp_path / "plant" / "DRAFT.md").read_text()
    assert "4 of 6" not in said
    assert "5 of 7 carried over" in said
    for words in ("LINK CV OPEN AT TIME 1: CV is a check valve", "SYSTEM DEMAND", "without [CONTR"):
        assert any(words in line for line in made.left), words
        assert words in said
    assert str(tmp_path) not in said + (tmp_path / "plant" / "network.inp").read_text()


def test_it_measures_what_its_rules_read_and_nothing_twice(tmp_path):
    plant = make(tmp_path, rules=RULES.replace("SYSTEM CLOCKTIME >= 8 PM", "LINK P1 FLOW < 1")).spec
    assert {"L_T", "F_PU", "S_V", "F_P1", "P_J1", "P_J2", "S_P2"} <= set(plant.tag_names)
    bed = run(plant, 1)
    assert bed.historian.truth.frame()["F_PU"].max() > 0


def test_a_valve_starts_at_its_own_setting_and_takes_another(tmp_path):
    def change(text):
        """Let J2 hang on the valve alone."""
        return "\n".join(x for x in text.splitlines() if not x.startswith((" P2", " CV")))

    controls = "VALVE V 30 AT CLOCKTIME 9 AM\nVALVE V CLOSED AT CLOCKTIME 10 AM"
    plant = make(tmp_path, controls, change=change).spec
    truth = run(plant, 1).historian.truth.frame()
    assert truth["P_J2"].loc[8.5 * 3600] == pytest.approx(50 * PSI, rel=1e-3)
    assert truth["P_J2"].loc[9.5 * 3600] == pytest.approx(30 * PSI, rel=1e-3)
    assert truth["S_V"].loc[10.5 * 3600] == 0


def test_a_pump_that_epanet_runs_dry_has_no_protection_in_the_draft(tmp_path):
    made = high_and_dry(tmp_path)
    assert not made.spec.wiring.dry_run_protection
    (line,) = [line for line in made.done if "dry_run_protection: false" in line]
    assert line.startswith("EPANET runs PU in the first day")
    assert run(made.spec, 1).historian.truth.frame()["F_PU"].max() > 0
    protected = load_plant(made.spec.folder, control={"dry_run_protection": True})
    assert run(protected, 1).historian.truth.frame()["F_PU"].max() == 0


def test_a_pump_that_water_reaches_keeps_its_protection(tmp_path):
    made = make(tmp_path)
    assert made.spec.wiring.dry_run_protection
    assert not any("dry_run_protection" in line for line in made.done)


def test_names_that_no_condition_could_name_are_changed(tmp_path):
    change = lambda text: text.replace(" PU ", " ~@Pu-1 ").replace(" T\n", " T\n")  # noqa: E731
    plant = make(tmp_path, "LINK ~@Pu-1 OPEN IF NODE T BELOW 10", change=change).spec
    assert "S_Pu_1" in plant.tag_names
    (rule,) = [rule for plc in plant.plcs.values() for rule in plc.rules]
    assert rule.actuator == "~@Pu-1"


def test_names_that_are_changed_are_listed_and_others_not(tmp_path):
    made = make(tmp_path, change=lambda text: re.sub(r"\bT\b", "Dépôt", text))
    (said,) = [line for line in made.done if line.startswith("Tags' names")]
    assert "D_p_t for Dépôt." in said
    assert "PU" not in said
    assert not any("Tags' names" in line for line in make(tmp_path / "plant").done)


def test_a_tank_with_a_volume_curve_fills_and_spills_by_it(tmp_path):
    """20,000 ft³ in the lower ten feet, 40,000 in the upper."""
    change = lambda text: text.replace("50 0 VOL", "50 0 VOL YES")  # noqa: E731
    plant = make(tmp_path, change=change).spec
    assert plant.model.get_node("T").overflow
    with Plant(plant) as water:
        arrived, foot = 0.0, 0.3048
        while water.time < 2 * DAY:
            water.solve()
            level, rise = water.levels[0], water.rates()[0]
            area = (2000 if level < 10 * foot else 4000) * foot**2
            assert rise == pytest.approx(water.inflows[0] / 1000 / area, rel=1e-6)
            inflow, before = water.inflows[0], water.time
            water.advance(300)
            arrived += inflow * (water.time - before) / 1000
        assert water.levels[0] == pytest.approx(20 * foot)
        spilled = water.meters.overflow[0]
    assert spilled > 100
    assert arrived == pytest.approx(40000 * foot**3 + spilled, rel=1e-3)


@pytest.mark.parametrize("text", ["junk", "[JUNCTIONS]\n J1 what\n", "[JUNCTIONS]\n\n[END]\n"])
def test_a_file_that_is_no_network_is_refused_and_nothing_is_written(tmp_path, text):
    path = tmp_path / "bad.inp"
    path.write_text(text)
    with pytest.raises(InputError, match=r"bad\.inp:(2:)? .*EPANET"):
        draft(path, tmp_path / "plant")
    assert [p.name for p in tmp_path.iterdir()] == ["bad.inp"]


def test_a_network_fed_by_a_negative_demand_is_said_to_be(tmp_path):
    made = draft(LIBRARY / "Net2.inp", tmp_path / "plant")
    assert any(line.startswith("There is no reservoir: 1 puts water in") for line in made.left)
    with Testbed(made.spec, warmup=0.0) as bed:
        for _ in bed.run(6 * 86400):
            pass
        totals, levels = bed.totals(), bed.plant.levels
        (said,) = [note for note in cautions(bed) if "negative demands" in note]
    assert said.startswith(f"{-totals['invented_m3']:,.0f} m³ that negative demands put in")
    assert totals["invented_m3"] < -100.0  # once the tank is full, the fifth day
    came = totals["supplied_m3"] + totals["invented_m3"]
    assert came == pytest.approx(totals["drawn_m3"] + totals["stored_m3"], abs=0.1)
    assert levels[0] < 21.4


def test_an_existing_folder_is_left_alone(tmp_path):
    out = tmp_path / "mine"
    out.mkdir()
    with pytest.raises(InputError, match="exists already: name a new folder"):
        draft(CTOWN, out)
    assert not list(out.iterdir())
    with pytest.raises(InputError, match="No such file"):
        draft(tmp_path / "none.inp", tmp_path / "plant")
