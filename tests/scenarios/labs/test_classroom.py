"""Thirty students at one plant: all pages are told, all reads and writes are answered."""

import pytest

from tests.scenarios.labs.classroom import READ_S, hold

STUDENTS, SECONDS, SPEED = 30, 30.0, 60.0


@pytest.mark.slow
def test_a_class_of_thirty_is_served(tmp_path):
    late, waits = hold(STUDENTS, SECONDS, SPEED, tmp_path)
    assert len(late) > STUDENTS * SECONDS
    assert len(waits["read"]) > STUDENTS * SECONDS / READ_S / 2
    assert len(waits["write"]) >= STUDENTS
