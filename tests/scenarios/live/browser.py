"""A control room in a process of its own, and a real browser before it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def need_browser():
    """Skip where there is no browser; in CI that is a failure."""
    why = None
    if CHROMIUM is None:
        why = "no chromium here: `apt-get install chromium`"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        why = "no playwright here: `pip install playwright`"
    if why and os.environ.get("CI") == "true":
        pytest.fail(why)
    if why:
        pytest.skip(why)


def free_port():
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return tried.getsockname()[1]


class LiveRoom:
    """The process and its address."""

    def __init__(self, process, url, log):
        self.process, self.url, self.log = process, url, log

    def end(self):
        """End it as Ctrl-C does; return how long that took [s]."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        return time.monotonic() - began


@contextmanager
def live_room(folder, *arguments, patience=90):
    """Start `hydrotwin live` and give it once it answers."""
    port = free_port()
    log = folder / "room.log"
    code = "from scenarios.cli import main; main()"
    command = [sys.executable, "-c", code, "live", *arguments, "--port", str(port)]
    # NiceGUI takes a process with this variable for a test of its own.
    env = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=out, stderr=out)
    try:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + patience
        while True:
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    raise AssertionError(f"no room: {log.read_text()}") from None
                time.sleep(0.2)
        yield LiveRoom(process, url, log)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
