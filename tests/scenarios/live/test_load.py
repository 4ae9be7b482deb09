"""Thirty pages at once: all are told what happens, and the plant keeps its time."""

import asyncio
import urllib.request

import pytest

from tests.scenarios.live.browser import live_room
from tests.scenarios.live.load import measured, report

pytestmark = pytest.mark.slow
PAGES, SECONDS, SPEED = 30, 30.0, 60.0


def test_thirty_pages_hear_the_same_plant(tmp_path):
    arguments = ("normal", "--no-detector", "--speed", str(SPEED))
    with live_room(tmp_path, *arguments) as room:
        late, rate = asyncio.run(measured(room.url, PAGES, SECONDS, SPEED))
        print(report(late, rate, PAGES))  # a figure of the machine, not to be passed or failed
        assert len(late) > PAGES * SECONDS
        assert urllib.request.urlopen(room.url, timeout=30).status == 200
        room.end()
