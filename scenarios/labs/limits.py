"""Run a command under limits: `python -m scenarios.labs.limits SECONDS COMMAND …`.

Where the system knows them, limits on processor time, memory, the size of a file and the number of
processes are set before the command begins, and hold for all that it starts.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path


def set_limits(seconds: float) -> None:
    """Set this process's limits; does nothing where the system has none."""
    try:
        import resource
    except ImportError:  # Windows
        return
    from scenarios.labs.sandbox import FILE, MEMORY, PROCESSES

    cpu = int(seconds) + 5
    limits = {"RLIMIT_CPU": cpu, "RLIMIT_AS": MEMORY, "RLIMIT_FSIZE": FILE, "RLIMIT_CORE": 0}
    if os.getuid() != 0:  # it counts all of a user's processes, and is not kept to for root
        limits["RLIMIT_NPROC"] = _running() + PROCESSES
    for name, most in limits.items():
        number = getattr(resource, name)
        hard = resource.getrlimit(number)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(number, (most, hard))


def _running() -> int:
    """Return how many processes and threads the user has, where that can be counted."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it may be over by now
            if process.stat().st_uid == os.getuid():
                count += sum(1 for _ in (process / "task").iterdir())
    return count


if __name__ == "__main__":
    set_limits(float(sys.argv[1]))
    if sys.platform == "win32":
        sys.exit(subprocess.call(sys.argv[2:]))
    os.execvp(sys.argv[2], sys.argv[2:])
