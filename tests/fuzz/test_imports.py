"""Malformed files of the peers: each is an import or one error with its place, nothing else."""

import random

import pytest

from scenarios.importers.dhalsim.experiment import read_dhalsim
from scenarios.importers.epanetcpa.experiment import read_cpa
from tests.fuzz.mutate import mutated
from tests.scenarios.importers.cpa_files import NODES, OPTIONS
from tests.scenarios.importers.dhalsim_files import CONFIG, PLCS
from tests.scenarios.importers.imported import one_plant
from twin.errors import InputError

__all__ = ["one_plant"]  # a fixture for every test here

CPA = f"""{NODES}[CYBERATTACKS]
; Type, Target, Init_cond, End_cond, Arguments
Communication, PLC2-P_T1-PLC1, (TIME>50)&&(PU2>0), TIME==-1, DoS
Communication, PLC2-P_T1-SCADA, TIME==58, ATT1==0, replay 50 0.05 7 0
Sensor, P_T3, T3>=MAXLEVELT3 - 1/2, mod(TIME,24)==6, offset -0.5
Actuator\tPU3\tCLOCKTIME==6\tTIME==90\t0.8
Communication   PLC3-V2-NULL   TIME == 10   T2 < 1   constant, 0
Control, CTRL17n, TIME==30, TIME==35, constant 3
Control, CTRL18l, TIME==30, TIME==35, OPEN

[CYBEROPTIONS]
verbosity, 1
pda_options, 0.5 0 20 Wagner
{OPTIONS}"""
DHALSIM = CONFIG.replace("!include plcs.yaml\n", f"\n{PLCS}").replace(
    "attacks: !include attacks.yaml\n",
    """\
attacks:
  device_attacks:
  - {name: shut, trigger: {type: Below, sensor: T1, value: 4}, actuator: PU1, command: closed}
  network_attacks:
  - name: hide
    type: concealment_mitm
    target: PLC4
    tags: [{tag: T3, offset: 10.0}]
    concealment_data: {type: payload_replay, capture_start: 10, capture_end: 20, replay_start: 30}
    trigger: {type: time, start: 9, end: 50}
  - {name: stop, type: simple_dos, target: scada, trigger: {type: time, start: 5, end: 10}}
events:
  network_events:
  - {name: a, type: packet_loss, target: PLC2, value: 20, trigger: {type: time, start: 1, end: 2}}
""",
)
PLACELESS = ("none of a .cpa file's sections", "cannot be read", "includes itself")
"""What concerns the whole of a file."""


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [("theirs.cpa", CPA, read_cpa), ("theirs.yaml", DHALSIM, read_dhalsim)],
    ids=["epanetCPA", "DHALSIM"],
)
def test_a_broken_file_is_an_import_or_an_error_with_its_place(tmp_path, name, text, read):
    path, rng = tmp_path / name, random.Random(8)
    path.write_text(text)
    read(path, "ctown", companions=False)
    refused = 0
    for _ in range(400):
        path.write_text(mutated(text, rng), encoding="utf-8", newline="")
        try:
            read(path, "ctown", companions=False)
        except InputError as error:
            refused += 1
            placed = error.line is not None and error.column is not None
            assert placed or any(said in str(error) for said in PLACELESS), str(error)
    assert refused > 100
