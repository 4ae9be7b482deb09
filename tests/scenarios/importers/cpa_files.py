"""`.cpa` files that tests import."""

from scenarios.importers.epanetcpa.experiment import read_cpa

NODES = """\
[CYBERNODES]
; Name, Sensors, Actuators
 PLC1, F_PU1 F_PU2 P_J280, PU1 PU2 PU3
 PLC2, P_T1,
 PLC3, P_T2 F_V2 P_J300, PU4 PU5 PU6 PU7 V2
 PLC4, P_T3,
 PLC5, F_PU8, PU8 PU9 PU10 PU11
 PLC6, P_T4,

[CYBERLINKS]
; Source, Destination, Sensors
PLC2, SCADA, P_T1
PLC2, PLC1, P_T1

"""
OPTIONS = "initial_conditions, 4 3.75 3.25 3.75 3.5 3.5 3\n"


def read(tmp_path, attacks, options=OPTIONS, nodes=NODES, companions=True):
    path = tmp_path / "theirs.cpa"
    heads = "[CYBERATTACKS]\n; Type, Target, Init_cond, End_cond, Arguments\n"
    path.write_text(f"{nodes}{heads}{attacks}\n\n[CYBEROPTIONS]\nverbosity, 1\n{options}")
    return read_cpa(path, "ctown", companions)


def entries(made):
    return [
        (e["on"], e.get("tags", []), e["do"], e.get("when")) for e in made.data.get("attacks", [])
    ]


def notes(made, kind):
    return [note.text for note in made.notes if note.kind == kind]
