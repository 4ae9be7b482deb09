"""Who sits before a browser, what they may do, and the passwords that let them in."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from dataclasses import dataclass

from twin.errors import InputError

ROLES = ("view", "operate", "engineer")
"""Each may do what those before it may: look; acknowledge, shelve and command within alarm limits;
command beyond them, and set the plant's speed."""
LEAST_PASSWORD = 8
_MOST = 1000  # visitors that are known
_WAIT = 1.0  # s after each wrong password, for everybody: guessing takes time


@dataclass
class Visitor:
    """Somebody at a browser.

    Attributes
    ----------
    name : str
        What the audit log calls them.
    role : str
        One of `ROLES`.
    teacher : bool
        Whether the truth is shown to them, and attacks are theirs to launch.
    entered : bool
        Whether they may see anything at all.
    """

    name: str
    role: str
    teacher: bool
    entered: bool

    def may(self, role: str) -> bool:
        """Return whether they may do what needs a role."""
        return self.entered and ROLES.index(self.role) >= ROLES.index(role)


class Door:
    """The visitors by their cookie.

    Parameters
    ----------
    password : str or None
        Without one, everybody may enter as an engineer: for loopback only.
    teacher_password : str or None
    all_teachers : bool
        Whether everybody is a teacher (`--teacher`).

    Attributes
    ----------
    key : str
        What OPC UA clients write with where there is no password; new with each start.

    Raises
    ------
    InputError
        For a password that is too short.
    """

    def __init__(
        self,
        password: str | None = None,
        teacher_password: str | None = None,
        all_teachers: bool = False,
    ):
        for word in (password, teacher_password):
            if word is not None and len(word) < LEAST_PASSWORD:
                raise InputError(f"a password has {LEAST_PASSWORD} characters at least")
        self._password, self._teacher, self._all = password, teacher_password, all_teachers
        self.key = secrets.token_urlsafe(9)
        self._visitors: dict[str, Visitor] = {}
        self._number = 0
        self._lock = threading.Lock()
        self._closed_until = 0.0

    @property
    def guarded(self) -> bool:
        """Whether a password is needed to enter."""
        return self._password is not None

    @property
    def has_teacher(self) -> bool:
        """Whether a password makes one a teacher."""
        return self._teacher is not None

    def visitor(self, token: str | None) -> tuple[str, Visitor]:
        """Return the visitor of a cookie, and the cookie; both are new where it is unknown."""
        with self._lock:
            known = self._visitors.get(token or "")
            if token and known:
                return token, known
            fresh = secrets.token_urlsafe(24)
            self._number = number = self._number + 1
            guarded = self.guarded
            role = ROLES[0] if guarded else ROLES[-1]
            while len(self._visitors) >= _MOST:  # the oldest must enter again
                del self._visitors[next(iter(self._visitors))]
            visitor = Visitor(f"operator {number}", role, self._all and not guarded, not guarded)
            self._visitors[fresh] = visitor
            return fresh, visitor

    def enter(self, visitor: Visitor, name: str, role: str, password: str) -> None:
        """Let a visitor in, under a name and in a role.

        Raises
        ------
        InputError
            For a wrong password, an empty name or an unknown role.
        """
        if not name.strip():
            raise InputError("write your name: the audit log needs it")
        if role not in ROLES:
            raise InputError(f"no role {role!r}: {', '.join(ROLES)}")
        if self._password is not None and not visitor.entered:
            self._check(password, self._password)
        visitor.name, visitor.role, visitor.entered = name.strip()[:40], role, True
        visitor.teacher = visitor.teacher or self._all

    def teach(self, visitor: Visitor, password: str) -> None:
        """Make a visitor a teacher.

        Raises
        ------
        InputError
            For a wrong password, or where there is no teacher's password.
        """
        if self._teacher is None:
            raise InputError("this room was started without a teacher's password")
        self._check(password, self._teacher)
        visitor.teacher = True

    def may_write(self, name: str, password: str) -> bool:
        """Return whether an OPC UA client may write: with a name, and the room's password."""
        try:
            self._check(password, self._password or self.key)
        except InputError:
            return False
        return bool(name)

    def _check(self, given: str, right: str) -> None:
        with self._lock:
            if time.monotonic() < self._closed_until:
                raise InputError("wait a second after a wrong password")
            if not hmac.compare_digest(given.encode(), right.encode()):
                self._closed_until = time.monotonic() + _WAIT
                raise InputError("wrong password")
