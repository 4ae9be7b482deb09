"""A control room in a process of its own, and a real browser before it."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager

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


PORTS = (8080, 4840, *range(15021, 15030))


def free_offset():
    """Return by how much all ports are moved so that nobody has any of them."""
    for offset in random.sample(range(1000, 16000, 20), 50):  # below the ports of clients
        with ExitStack() as stack:
            try:
                for port in PORTS:
                    tried = stack.enter_context(socket.socket())
                    tried.bind(("127.0.0.1", port + offset))
            except OSError:
                continue
        return offset
    raise AssertionError("no free ports")


class LiveRoom:
    """The process and its address."""

    def __init__(self, process, url, log, offset):
        self.process, self.url, self.log, self.offset = process, url, log, offset

    def end(self):
        """End it as Ctrl-C does; return how long that took [s]."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        return time.monotonic() - began


@contextmanager
def live_room(folder, *arguments, patience=90):
    """Start `hydrotwin live` and give it once it answers."""
    offset = free_offset()
    log = folder / "room.log"
    code = "from scenarios.cli import main; main()"
    command = [sys.executable, "-c", code, "live", *arguments, "--port-offset", str(offset)]
    # NiceGUI takes a process with this variable for a test of its own.
    env = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=out, stderr=out)
    try:
        url = f"http://127.0.0.1:{PORTS[0] + offset}"
        until = time.monotonic() + patience
        while True:
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    raise AssertionError(f"no room: {log.read_text()}") from None
                time.sleep(0.2)
        yield LiveRoom(process, url, log, offset)
    except BaseException:
        print(f"the room said:\n{log.read_text()[-3000:]}")
        raise
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
