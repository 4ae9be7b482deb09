"""Pressures and emitters of a file are those that EPANET takes them for."""

import epanet
import pytest
from epanet_plus import EpanetConstants as EN

from twin.plants import inp

NET = """\
[JUNCTIONS]
 B 0 0
 C 0 0
[RESERVOIRS]
 S 100
[PIPES]
 AB S B 10 40 130 0 Open
[VALVES]
 W B C 40 PRV 20 0
[EMITTERS]
 B {emitter}
 C 0.001
[OPTIONS]
 Units {units}
 Headloss H-W
 Emitter Exponent {exponent}
 {option}
[END]
"""
FOOT = 0.3048
UNITS = {"LPS": (1e-3, 1.0), "GPM": (6.30902e-5, FOOT), "CMH": (1 / 3600, 1.0)}
"""Each flow unit in m³/s, and its unit of length in m."""


@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize("exponent", [0.5, 0.8, 1.2])
@pytest.mark.parametrize(
    "option", ["", "Pressure PSI", "Pressure KPA", "Specific Gravity 0.8", "Pressure METERS"]
)
def test_emitters_and_valves_are_as_in_epanet(tmp_path, units, exponent, option):
    text = NET.format(units=units, exponent=exponent, option=option, emitter=0.1)
    flow, head, below = solved(text, tmp_path)
    of_flow, of_length = UNITS[units]
    model = inp.read(text)
    emitter = model.get_node("B").emitter_coefficient
    assert emitter * (head * of_length) ** exponent == pytest.approx(flow * of_flow, rel=1e-4)
    assert model.get_link("W").initial_setting == pytest.approx(below * of_length, rel=1e-4)


def solved(text, folder):
    """Return what EPANET finds: the emitter's flow, the heads before and behind the valve."""
    file = folder / "net.inp"
    file.write_text(text)
    project = epanet.EN_createproject()[1]
    try:
        epanet.EN_open(project, str(file), str(folder / "net.rpt"), "")
        epanet.EN_openH(project)
        epanet.EN_initH(project, 10)
        epanet.EN_runH(project)
        before, behind = (epanet.EN_getnodeindex(project, name)[1] for name in "BC")
        flow = epanet.EN_getnodevalue(project, before, EN.EN_EMITTERFLOW)[1]
        heads = [epanet.EN_getnodevalue(project, node, EN.EN_HEAD)[1] for node in (before, behind)]
        epanet.EN_close(project)
    finally:
        epanet.EN_deleteproject(project)
    return flow, *heads
