"""A process of its own for what a student handed in, with limits on time, memory and files.

It protects the grader from what goes wrong, not from malice: the process has the rights of the
user who grades, can read what that user can, and on Windows is limited in time only. Grade in an
account, container or machine that holds nothing worth stealing.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from twin.errors import InputError

MEMORY = 6 * 2**30  # bytes of address space; torch maps 4 GB
FILE = 50 * 2**20  # bytes of one file it writes
PROCESSES = 32  # more than the user has already
_HANDED = 20 * 2**20  # bytes of a hand-in
_FILES = 200
_TAIL = 2000  # characters of its output that are kept
_TOKENS = "HYDROTWIN_SANDBOX"  # names the sandboxes a process runs in, to find it again


@dataclass(frozen=True)
class Outcome:
    """How a process ended.

    Attributes
    ----------
    status : int or None
        Its exit status; None where it was stopped.
    output : str
        The last it printed.
    why : str
        Why it was stopped; empty where it ended by itself.
    """

    status: int | None
    output: str
    why: str = ""


@contextmanager
def copied(hand_in: Path) -> Iterator[Path]:
    """Lend a copy of a hand-in, which a program may change, until the block ends.

    Raises
    ------
    InputError
        If it holds a link, or more than a hand-in should.
    """
    total = count = 0
    for path in sorted(hand_in.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise InputError(f"{path.name} is a link or a device, not a file", hand_in)
        if path.is_file():
            total, count = total + path.stat().st_size, count + 1
        if total > _HANDED or count > _FILES:
            limits = f"{_HANDED // 2**20} MB in {_FILES} files"
            message = f"more than a hand-in may be: {limits} at most; runs/ is not handed in"
            raise InputError(message, hand_in)
    with tempfile.TemporaryDirectory(prefix="hand-in-", ignore_cleanup_errors=True) as name:
        place = Path(name) / "files"
        shutil.copytree(hand_in, place)
        yield place


def run_python(arguments: Sequence[str], folder: Path, *, seconds: float) -> Outcome:
    """Run this Python with arguments in a folder, and import nothing from there; see `run`."""
    return run([sys.executable, "-P", *arguments], folder, seconds=seconds)


def run(
    command: Sequence[str],
    folder: Path,
    *,
    seconds: float,
    env: Mapping[str, str] | None = None,
    ended: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Run a command in a folder, stop it at its limits, and return how it ended.

    Parameters
    ----------
    command : sequence of str
    folder : Path
    seconds : float
        The longest it may take.
    env : mapping, optional
        Variables beside the few that a Python program needs.
    ended : callable
        Asked now and then; once it returns true the process is stopped, with no reason.
    """
    kept = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "PYTHONPATH", "HYDROTWIN_CACHE")
    variables = {name: os.environ[name] for name in kept if name in os.environ}
    token = secrets.token_hex(8)
    variables[_TOKENS] = f"{os.environ.get(_TOKENS, '')}:{token}"  # one may run in another
    variables |= {"HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "scenarios.labs.limits", str(seconds), *command],
            cwd=folder,
            env=variables | dict(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        why = ""
        until = time.monotonic() + seconds
        try:
            while process.poll() is None and not ended():
                if time.monotonic() > until:
                    why = f"stopped after {seconds:g} s"
                    break
                time.sleep(0.02)
        finally:
            status = process.poll()
            _stop(process, token)
        size = output.seek(0, os.SEEK_END)
        output.seek(max(0, size - _TAIL))
        text = output.read().decode(errors="replace").strip()
    return Outcome(status, text, why)


def _stop(process: subprocess.Popen[bytes], token: str) -> None:
    """Stop a process and what it has started: its group, and who left that but kept the token."""
    if sys.platform == "win32":
        _stop_children(process.pid)
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        while found := list(_holders(token)):
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
    process.wait()


def _stop_children(pid: int) -> None:
    import psutil

    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()


def _holders(token: str) -> Iterator[int]:
    """Yield the processes that began with a token in their environment, where that can be read."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it is over, or another user's
            environment = (process / "environ").read_bytes()
            if token.encode() in environment:
                yield int(process.name)
