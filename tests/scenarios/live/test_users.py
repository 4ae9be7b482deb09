"""Who may enter and what they may do."""

import pytest

from scenarios.live import users
from scenarios.live.users import Door
from twin.errors import InputError


def test_without_a_password_everybody_is_an_engineer_and_no_teacher():
    token, visitor = Door().visitor(None)
    assert visitor.entered
    assert visitor.may("engineer")
    assert not visitor.teacher
    assert token


def test_a_cookie_is_known_again_and_a_made_up_one_is_not():
    door = Door()
    token, visitor = door.visitor(None)
    assert door.visitor(token) == (token, visitor)
    other, stranger = door.visitor("made-up")
    assert other not in (token, "made-up")
    assert stranger is not visitor


def test_a_password_is_needed_and_asked_for_slowly(monkeypatch):
    door = Door("correct horse")
    _, visitor = door.visitor(None)
    assert not visitor.entered
    assert not visitor.may("view")
    with pytest.raises(InputError, match="wrong password"):
        door.enter(visitor, "ann", "operate", "wrong")
    with pytest.raises(InputError, match="wait a second"):
        door.enter(visitor, "ann", "operate", "correct horse")
    later = users.time.monotonic() + 2.0
    monkeypatch.setattr(users.time, "monotonic", lambda: later)
    door.enter(visitor, "ann", "operate", "correct horse")
    assert (visitor.name, visitor.role) == ("ann", "operate")
    assert visitor.may("operate")
    assert not visitor.may("engineer")


def test_only_the_teachers_password_makes_a_teacher():
    door = Door(None, "chalk and board")
    _, visitor = door.visitor(None)
    door.enter(visitor, "ann", "view", "")
    assert not visitor.teacher
    door.teach(visitor, "chalk and board")
    assert visitor.teacher
    _, other = Door().visitor(None)
    with pytest.raises(InputError, match="without a teacher"):
        Door().teach(other, "chalk and board")


def test_everybody_is_a_teacher_only_behind_the_door():
    door = Door("correct horse", all_teachers=True)
    _, visitor = door.visitor(None)
    assert not visitor.teacher
    door.enter(visitor, "ann", "engineer", "correct horse")
    assert visitor.teacher


@pytest.mark.parametrize("password", ["", "short"])
def test_a_short_password_is_refused(password):
    with pytest.raises(InputError, match="characters"):
        Door(password)


def test_an_opcua_client_writes_with_the_rooms_password_or_the_key():
    assert Door("correct horse").may_write("ann", "correct horse")
    door = Door()
    assert door.may_write("ann", door.key)
    assert not door.may_write("ann", "")
