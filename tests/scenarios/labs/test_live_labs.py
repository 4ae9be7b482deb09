"""Labs 1 to 3: a student's own registers, a script and a proxy against a live plant."""

import shutil

import numpy as np
import pytest

from scenarios.labs.course import lab_of
from scenarios.labs.examination import examine
from scenarios.labs.grading import grade, read_card, start
from scenarios.labs.plant import add_audit, points_of
from scenarios.labs.registers import drawn_map
from scenarios.live.audit import Write, audit_csv, read_audit
from twin.errors import InputError
from twin.plants.spec import load_plant
from twin.servers.registers import read_map, register_map, write_map

KEY = b"a course key of the tests"


def drawn(name, seed=31):
    return dict(lab_of(name).draw(np.random.default_rng(seed)))


def marked(name, folder, draws):
    lab = lab_of(name)
    verdicts = examine(lab, folder, draws, [31])
    return lab.mark(verdicts), {name: verdict.why for name, verdict in verdicts.items()}


def test_a_drawn_map_holds_all_there_is_elsewhere(tmp_path):
    ctown = load_plant("ctown")
    own, usual = drawn_map(ctown, 5), register_map(ctown)
    place = {(p.plc, p.table, p.tag): p for p in usual if p.type != "FLOAT32"}
    assert {(p.plc, p.table, p.tag) for p in own} == set(place)
    assert all(1 <= p.scale / place[p.plc, p.table, p.tag].scale <= 5 for p in own)
    moved = sum(p.address != place[p.plc, p.table, p.tag].address for p in own)
    assert moved > 0.9 * len(own)
    (tmp_path / "map.csv").write_text(write_map(own), encoding="utf-8")
    again = read_map(tmp_path / "map.csv", ctown)
    assert [p.address for p in again] == [p.address for p in own]
    assert drawn_map(ctown, 5) == own != drawn_map(ctown, 6)


def test_a_lab_without_a_map_has_no_plant():
    with pytest.raises(InputError, match="no plant of its own"):
        points_of({"tank": "T4"})


def test_fields_are_counted_and_a_scale_needs_its_address(tmp_path):
    draws, lab = drawn("know-the-plant"), lab_of("know-the-plant")
    lab.solve(draws, tmp_path)
    path = tmp_path / "registers.csv"
    head, first, second, *rest = path.read_text(encoding="utf-8").splitlines()
    plc, tag, address, scale = first.split(",")
    first = f"{plc},{tag},{int(address) + 1},{scale}"
    second = ",".join([*second.split(",")[:3], "7"])
    path.write_text("\n".join([head, first, second, *rest]) + "\n", encoding="utf-8")
    mark, why = marked("know-the-plant", tmp_path, draws)
    assert mark == round(80 * 21 / 24 + 20, 1)
    assert f"{plc} {tag} (address)" in why["map"] and "(scale)" in why["map"]


def test_a_write_is_told_and_an_empty_map_has_no_clean_hands(tmp_path):
    draws, lab = drawn("know-the-plant"), lab_of("know-the-plant")
    lab.solve(draws, tmp_path)
    log, more = tmp_path / "audit.csv", tmp_path / "more.csv"
    wrote = Write(60.0, "127.0.0.1:5", "modbus", "PLC1", "PU1", "auto", "on", "verified")
    more.write_text(audit_csv([wrote]), encoding="utf-8")
    add_audit(log, more)
    add_audit(log, more)
    assert len(read_audit(log)) == 2
    mark, why = marked("know-the-plant", tmp_path, draws)
    assert (mark, why["hands off"]) == (80.0, "2 writes in audit.csv")
    lab.start(draws, tmp_path)
    log.write_text(audit_csv([]), encoding="utf-8")
    assert marked("know-the-plant", tmp_path, draws)[0] == 0.0


def test_more_writes_than_needed_cost(tmp_path):
    draws, lab = drawn("spoofed-command"), lab_of("spoofed-command")
    lab.solve(draws, tmp_path)
    path = tmp_path / "attack.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("for coil in [", "for coil in 2 * ["), encoding="utf-8")
    mark, why = marked("spoofed-command", tmp_path, draws)
    assert (mark, "4 values written" in why["few writes"]) == (80.0, True), why


def test_a_script_that_crashes_is_told_why(tmp_path):
    draws = drawn("spoofed-command")
    (tmp_path / "attack.py").write_text("raise ValueError('lost')", encoding="utf-8")
    mark, why = marked("spoofed-command", tmp_path, draws)
    assert mark == 0.0
    assert why["overflow"].endswith("its last line: ValueError: lost")


def test_a_proxy_that_changes_another_tag_too_loses_those_points(tmp_path):
    draws, lab = drawn("man-in-the-middle"), lab_of("man-in-the-middle")
    lab.solve(draws, tmp_path)
    path = tmp_path / "proxy.py"
    text = path.read_text(encoding="utf-8")
    all_bits = "    if answer[7] == 2:\n        return answer[:9] + bytes(len(answer) - 9)\n"
    where = "    if answer[7] != 4"
    assert where in text
    path.write_text(text.replace(where, all_bits + where), encoding="utf-8")
    mark, why = marked("man-in-the-middle", tmp_path, draws)
    assert mark == 70.0, why
    assert "changed too" in why["others"]


@pytest.mark.parametrize("text", ["raise SystemExit(3)", "while True: pass"])
@pytest.mark.slow
def test_a_proxy_that_never_listens_gets_none(text, tmp_path):
    (tmp_path / "proxy.py").write_text(text, encoding="utf-8")
    assert marked("man-in-the-middle", tmp_path, drawn("man-in-the-middle"))[0] == 0.0


@pytest.mark.slow
def test_three_students_are_marked_each_by_an_own_plant(tmp_path):
    lab = lab_of("spoofed-command")
    folders = [start(lab, student, KEY, tmp_path) for student in ("ada", "bob", "eve")]
    lab.solve(read_card(folders[0])["draws"], folders[0])
    shutil.copy(folders[0] / "attack.py", folders[1] / "attack.py")
    marks = {mark.student: mark.mark for mark in grade(tmp_path, KEY, 1)}
    assert marks == {"ada": 100.0, "bob": 0.0, "eve": 0.0}
