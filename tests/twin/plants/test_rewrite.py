"""What EPANET reads is read, and as EPANET reads it: files in every form, against EPANET itself."""

import random
import re
from pathlib import Path

import epanet
import networkx as nx
import numpy as np
import pytest
import wntr
from epanet_plus import EpanetConstants as EN

from twin.errors import InputError
from twin.plants import inp, rewrite

LIBRARY = Path(wntr.__file__).parent / "library" / "networks"
TOWN = """\
[TITLE]
small town for tests

[JUNCTIONS]
A 20 0
B 22 6
C 25 8
D 18 5

[RESERVOIRS]
S 15

[TANKS]
K 60 3 0.5 6 12 0

[PIPES]
AB A B 400 300 110 0 Open
BC B C 600 250 110 0 Open
CK C K 50 300 110 0 Open
BD2 B D 900 100 110 0 Closed

[PUMPS]
P1 S A HEAD PC

[VALVES]
W B D 150 PRV 25 0

[PATTERNS]
day 0.6 0.8 1.3 1.5 1.2 0.6

[CURVES]
PC 40 70

[TIMES]
Duration 48:00
Hydraulic Timestep 1:00
Pattern Timestep 4:00
Report Timestep 1:00

[OPTIONS]
Units LPS
Headloss H-W
Pattern day

[END]
"""
NODES = (EN.EN_ELEVATION, EN.EN_EMITTER, EN.EN_TANKLEVEL, EN.EN_MINLEVEL, EN.EN_MAXLEVEL)
LINKS = (
    *(EN.EN_LENGTH, EN.EN_DIAMETER, EN.EN_ROUGHNESS, EN.EN_MINORLOSS, EN.EN_INITSTATUS),
    *(EN.EN_LINKPATTERN, EN.EN_PUMP_ECURVE, EN.EN_PUMP_ECOST),
)
TIMES = (EN.EN_DURATION, EN.EN_PATTERNSTEP, EN.EN_PATTERNSTART, EN.EN_STARTTIME)


def held(text):
    """Return what EPANET holds of a file, in L/s and m."""
    with inp.opened(text) as project:
        epanet.EN_setflowunits(project, EN.EN_LPS)
        epanet.EN_setoption(project, EN.EN_PRESS_UNITS, EN.EN_METERS)
        count = {what: epanet.EN_getcount(project, what)[1] for what in (0, 2)}
        nodes, links, demands = {}, {}, {}
        for i in range(1, count[0] + 1):
            name = epanet.EN_getnodeid(project, i)[1]
            nodes[name] = [epanet.EN_getnodevalue(project, i, what)[1] for what in NODES]
        for i in range(1, count[2] + 1):
            name = epanet.EN_getlinkid(project, i)[1]
            links[name] = [epanet.EN_getlinkvalue(project, i, what)[1] for what in LINKS]
        times = [epanet.EN_gettimeparam(project, what)[1] for what in TIMES]
        # Water of the first step: demands by their patterns, pumps by their curves, valves.
        epanet.EN_openH(project)
        epanet.EN_initH(project, 0)
        epanet.EN_runH(project)
        fed = held_by_a_tank(project, count)
        for i in range(1, count[0] + 1):
            demand, head = (
                epanet.EN_getnodevalue(project, i, what)[1] for what in (EN.EN_DEMAND, EN.EN_HEAD)
            )
            demands[epanet.EN_getnodeid(project, i)[1]] = [demand, head if i in fed else np.nan]
        epanet.EN_closeH(project)
    return nodes, links, times, demands


def held_by_a_tank(project, count):
    """Return the nodes that water connects with a tank or reservoir.

    Between a pump and a valve through which nothing flows (1e-4 L/s) no head is determined: ky10
    has two such nodes, and each solution leaves them another.
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(1, count[0] + 1))
    for link in range(1, count[2] + 1):
        kind = epanet.EN_getlinktype(project, link)[1]
        idle = abs(epanet.EN_getlinkvalue(project, link, EN.EN_FLOW)[1]) < 1e-4
        if not (idle and kind >= EN.EN_PUMP):
            graph.add_edge(*epanet.EN_getlinknodes(project, link)[1:])
    sources = [i for i in graph if epanet.EN_getnodetype(project, i)[1] != EN.EN_JUNCTION]
    return set().union(*(nx.node_connected_component(graph, i) for i in sources))


def same(text, path=Path("file.inp"), within=1e-6):
    """Whether a text, rewritten and read and written by WNTR, is the same to EPANET."""
    model, rewritten = rewrite.read(text, path)
    before, after = held(inp.without_logic(text)), held(rewritten.text)
    for old, new in zip(before[:2], after[:2], strict=True):
        assert old.keys() == new.keys()
        for name, values in old.items():
            np.testing.assert_allclose(new[name], values, rtol=within, atol=1e-9, err_msg=name)
    assert before[2] == after[2]
    heads = [[side[3][name] for name in before[3]] for side in (before, after)]
    np.testing.assert_allclose(heads[1], heads[0], rtol=0, atol=5e-3)
    assert model.options.time.pattern_timestep == before[2][1]
    return model


def saved(text, folder):
    """Return the same file as EPANET 2.3 saves it."""
    with inp.opened(text) as project:
        path = folder / "saved.inp"
        epanet.EN_saveinpfile(project, str(path))
        return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Pattern Timestep 4:00", "Pattern Timestep 0:00"),
        ("Hydraulic Timestep 1:00", "Hydraulic Timestep 0"),
        ("Report Timestep 1:00", "Report Timestep 0:00"),
        ("Duration 48:00", "Duration 0"),
        ("Duration 48:00", "Duration 2 DAYS"),
        ("Duration 48:00", "Dur 48"),
        ("Report Timestep 1:00", "Report Timestep 0:07"),
        ("Report Timestep 1:00", "Statistic Average"),
        ("Report Timestep 1:00", "Start ClockTime 6:30"),
        ("Report Timestep 1:00", "Start ClockTime 12:15 AM"),
        ("Report Timestep 1:00", "Start ClockTime 11 PM"),
        ("Report Timestep 1:00", "Rule Timestep 0"),
        ("Units LPS\n", ""),
        ("Units LPS", "Units SI"),
        ("Units LPS", "Units CMH"),
        ("Units LPS", "Units MGD"),
        ("Units LPS", "Units AFD"),
        ("Units LPS", "Units CFS"),
        ("Pattern day", "Pattern time"),
        ("Pattern day", "Pattern day\nQuality Chemical TIME"),
        ("Pattern day", "Pattern day\nQuality Age"),
        ("Pattern day", "Pattern day\nPressure PSI"),
        ("Pattern day", "Pattern day\nPressure KPA"),
        ("Pattern day", "Pattern day\nBackflow Allowed NO"),
        ("Pattern day", "Pattern day\nDemand Model PDA\nRequired Pressure 15"),
        ("Pattern day", "Pattern day\nDemand Multiplier 0.3333333"),
        ("Pattern day", "Pattern day\nUnbalanced Continue 5"),
        ("Headloss H-W", "Headloss D-W"),
        ("Headloss H-W", "Headloss C-M"),
        ("[OPTIONS]", "[LEAKAGE]\n;ID area\n\n[OPTIONS]"),
        ("[OPTIONS]", "[EMITTERS]\nC 0.3\n\n[OPTIONS]\nEmitter Exponent 0.7"),
        ("[OPTIONS]", "[STATUS]\nP1 0.9\n\n[OPTIONS]"),
        ("[OPTIONS]", "[STATUS]\nW Closed\n\n[OPTIONS]"),
        ("[OPTIONS]", "[STATUS]\nAB CK Closed\n\n[OPTIONS]"),
        ("[OPTIONS]", "[DEMANDS]\nB 3 day ;homes\nB 2\n\n[OPTIONS]"),
        ("[OPTIONS]", "[ENERGY]\nGlobal Effic 70\nPump P1 Price 0.2\n\n[OPTIONS]"),
        ("[OPTIONS]", "[REPORT]\nNodes all\nF-Factor Precision 4\n\n[OPTIONS]"),
        ("[OPTIONS]", "[ROUGHNESS]\n\n[OPTIONS]"),
        ("HEAD PC", "POWER 20"),
        ("HEAD PC", "HEAD PC SPEED 1.1 PATTERN day"),
        ("PRV 25 0", "PRV 25"),
        ("PRV 25 0", "TCV 3 1.5"),
        ("PRV 25 0", "FCV 2"),
        ("PRV 25 0", "GPV PC"),
        ("6 12 0", "6 12 0 * YES"),
        ("6 12 0", "6 12 0 VC\n\n[CURVES]\nVC 0 0\nVC 6 900"),
        ("S 15", "S 15 day"),
        ("[JUNCTIONS]", "[JUNC]"),
        ("AB A B 400 300 110 0 Open", "AB A B 400 300 110 0 cv"),
        ("day 0.6 0.8 1.3 1.5 1.2 0.6", "day 0.6 0.8 1.3\nday 1.5 1.2 0.6\n1 9 9"),
    ],
)
def test_it_is_to_epanet_what_it_was(old, new):
    assert old in TOWN
    text = TOWN.replace(old, new, 1)
    try:
        with inp.opened(text):
            pass
    except InputError:
        with pytest.raises(InputError, match="EPANET"):
            rewrite.read(text, Path("file.inp"))
        return
    same(text)


def test_a_zero_among_the_times_has_epanets_meaning():
    text = TOWN.replace("Pattern Timestep 4:00", "Pattern Timestep 0:00")
    assert rewrite.read(text, Path("x"))[0].options.time.pattern_timestep == 3600


def test_units_that_are_missing_are_gallons_a_minute_and_psi():
    text = TOWN.replace("Units LPS\n", "")
    model, rewritten = rewrite.read(text, Path("x"))
    assert (rewritten.units.flow, rewritten.units.pressure) == ("GPM", "PSI")
    assert model.get_node("A").elevation == pytest.approx(20 * 0.3048)


def test_a_demand_without_a_pattern_stays_constant_beside_a_pattern_called_1():
    text = TOWN.replace("Pattern day", "Pattern time").replace("day 0.6", "1 0.6")
    model = rewrite.read(text, Path("x"))[0]
    demand = model.get_node("B").demand_timeseries_list[0]
    assert demand.at(0.0) == demand.at(4 * 3600.0) == pytest.approx(0.006)


def test_leakage_of_epanet_2_3_is_said_to_be_left_out():
    text = TOWN.replace("[OPTIONS]", "[LEAKAGE]\nBC 1.5 0.1\n\n[OPTIONS]")
    (line,) = rewrite.read(text, Path("x"))[1].unused
    assert "LEAKAGE" in line
    assert "BC" in line


def test_a_positional_valve_is_refused_with_a_mend():
    text = TOWN.replace("PRV 25 0", "PCV 50 1 VC").replace(
        "[CURVES]", "[CURVES]\nVC 0 0\nVC 100 100"
    )
    with pytest.raises(InputError, match=r"W is a PCV.*make it a TCV"):
        rewrite.read(text, Path("file.inp"))


def test_padding_is_no_part_of_a_file(tmp_path):
    path = tmp_path / "town.inp"
    path.write_bytes(TOWN.encode() + bytes(512))
    assert inp.read_text(path) == TOWN


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_an_id_of_31_characters_may_have_accents(tmp_path, encoding):
    long, other = "é" * 20, "É" * 30 + "1"
    text = TOWN.replace(" A ", f" {long} ").replace("\nA ", f"\n{long} ").replace("CK", other)
    path = tmp_path / "town.inp"
    path.write_bytes(text.encode(encoding))
    model = same(inp.read_text(path), path)
    assert "e" * 20 in model.node_name_list
    assert "E" * 30 + "1" in model.link_name_list


ORDER = (r"\[(JUN|RES|TAN)", r"\[(PIP|PUM|VAL)", r"\[(?!JUN|RES|TAN|PIP|PUM|VAL)")


def variations(text, seed):
    """Write a file in another hand: other order, case, blanks, line ends and comments."""
    choose = random.Random(seed)
    parts = re.split(r"(?m)^(?=\s*\[)", text.split("[END]")[0])
    head, sections = parts[0], [part.rstrip() + "\n\n" for part in parts[1:]]
    choose.shuffle(sections)
    # EPANET wants nodes before links, and both before what speaks of them.
    sections.sort(key=lambda part: [i for i, names in enumerate(ORDER) if re.match(names, part)])
    lines = "".join([head, *sections]).split("\n")
    for i, line in enumerate(lines):
        if line.lstrip().startswith("["):
            if choose.random() < 0.5:
                lines[i] = line.lower()
            continue
        if choose.random() < 0.3:
            line = line.replace("  ", "\t")
        if line.strip() and ";" not in line and choose.random() < 0.2:
            line += " ; as built"
        lines[i] = line
    ends = choose.choice(["\n", "\r\n", "\r"])
    return choose.choice(["", "\ufeff"]) + ends.join(lines) + choose.choice(["", f"[END]{ends}"])


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ["Net1", "Net2", "Net3", "town"])
def test_the_same_file_in_another_hand(tmp_path, name, seed):
    text = TOWN if name == "town" else inp.read_text(LIBRARY / f"{name}.inp")
    bare = inp.without_logic(text)
    path = tmp_path / "other.inp"
    path.write_bytes(variations(bare, seed).encode("utf-8"))
    read = inp.read_text(path)
    same(read, path)
    assert held(read)[:3] == held(bare)[:3]


@pytest.mark.parametrize("name", ["Net1", "Net3", "ky4", "town"])
def test_a_file_that_epanet_2_3_saved(name, tmp_path):
    text = TOWN if name == "town" else inp.read_text(LIBRARY / f"{name}.inp")
    same(saved(inp.without_logic(text), tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("units", rewrite.UNITS)
@pytest.mark.parametrize("name", ["Net1", "Net3", "ky4", "ky10", "Net6"])
def test_wntrs_networks_in_all_units(name, units, tmp_path):
    if units == "CMS":
        pytest.skip("WNTR writes none")
    model = wntr.network.WaterNetworkModel(str(LIBRARY / f"{name}.inp"))
    path = tmp_path / "other.inp"
    wntr.network.write_inpfile(model, str(path), units=units)
    same(inp.read_text(path), path)
