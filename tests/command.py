"""The command `hydrotwin` as tests run it: its exit status, and what it prints."""

import contextlib
import io
import signal
import subprocess
import sys
from types import SimpleNamespace
from unittest import mock

from scenarios.cli import main


def hydrotwin_alone(*args, cwd):
    """Run the command as a user does, in a process of its own."""
    command = [sys.executable, "-c", "from scenarios.cli import main; main()", *map(str, args)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def hydrotwin(*args, cwd="."):
    """Run the command in this process, which has imported already what it needs.

    A plug-in that it loads stays known here: `hydrotwin_alone` leaves nothing behind.
    """
    out, err, code = io.StringIO(), io.StringIO(), 0
    handlers = {which: signal.getsignal(which) for which in (signal.SIGINT, signal.SIGTERM)}
    with (
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "argv", ["hydrotwin", *map(str, args)]),
        mock.patch("scenarios.cli.atexit"),
    ):
        try:
            main()
        except SystemExit as done:
            code = done.code or 0
        finally:
            for which, handler in handlers.items():
                signal.signal(which, handler)
    return SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())
