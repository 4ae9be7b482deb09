"""Keys pressed while a command runs, read one by one without waiting."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Callable, Iterator

KEYS = "space pauses, + and - change the speed, f goes as fast as possible"


@contextlib.contextmanager
def keyboard() -> Iterator[Callable[[], str | None] | None]:
    """Give a function that returns a key pressed since it was last asked, without waiting.

    Gives None where there is no terminal to type at, or it cannot be read key by key, as on
    Windows.
    """
    try:
        import termios
        import tty
    except ImportError:  # not POSIX
        yield None
        return
    try:
        handle = sys.stdin.fileno()
        before = termios.tcgetattr(handle)
        in_background = os.getpgrp() != os.tcgetpgrp(handle)
    except (OSError, ValueError, termios.error):
        yield None
        return
    if in_background:  # leave the terminal to what is in front
        yield None
        return
    try:
        tty.setcbreak(handle)

        def pressed() -> str | None:
            ready, _, _ = select.select([handle], [], [], 0)
            return os.read(handle, 1).decode(errors="ignore") if ready else None

        yield pressed
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)
