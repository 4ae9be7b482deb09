"""Many pages of one room at once, without browsers: how late each learns what the plant shows."""

import asyncio
import re
import sys
import time
import uuid
from datetime import datetime

import aiohttp
import numpy as np
import socketio

CLOCK = re.compile(r"\w{3} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
PATHS = ("/", "/trends", "/alarms", "/device/PU1", "/detector")


class Page:
    """A page that is open: when it was told each time of the plant."""

    def __init__(self):
        self.told = {}  # by plant time [s]: the machine's clock [s]
        self.messages = 0

    async def open(self, url, path, sockets):
        async with aiohttp.ClientSession() as http, http.get(url + path) as answer:
            text = await answer.text()
        client = re.search(r"client_id[\"']?:\s*[\"']([0-9a-f-]{36})", text)[1]
        query = {"client_id": client, "tab_id": str(uuid.uuid4()), "old_tab_id": "",
                 "document_id": str(uuid.uuid4()), "next_message_id": 0}  # fmt: skip
        self.socket = socketio.AsyncClient()
        self.socket.on("*", self.hear)
        words = "&".join(f"{name}={value}" for name, value in query.items())
        await self.socket.connect(
            f"{url}?{words}", socketio_path="/_nicegui_ws/socket.io", transports=["websocket"]
        )
        sockets.append(self.socket)
        assert await self.socket.call("handshake", query)

    async def hear(self, event, *data):
        self.messages += 1
        now = time.monotonic()
        for found in CLOCK.findall(str(data)):
            at = datetime.fromisoformat(found).timestamp()
            self.told.setdefault(at, now)


async def measured(url, pages, seconds, speed):
    """Return how late each time was told to each page [s], and messages a second in all.

    A time is due when the plant's clock says so, which is set by the earliest of all tellings.
    """
    opened, sockets = [Page() for _ in range(pages)], []
    for place, page in enumerate(opened):
        await page.open(url, PATHS[place % len(PATHS)], sockets)
    while not all(page.told for page in opened):  # they warm up
        await asyncio.sleep(1.0)
    await asyncio.sleep(3.0)
    for page in opened:
        page.told.clear()
        page.messages = 0
    await asyncio.sleep(seconds)
    for socket in sockets:
        await socket.disconnect()
    told = [(at, heard) for page in opened for at, heard in page.told.items()]
    first = min(heard - at / speed for at, heard in told)
    late = np.array([heard - at / speed - first for at, heard in told])
    return late, sum(page.messages for page in opened) / seconds


def report(late, rate, pages):
    """Return the figures in a line."""
    return (
        f"{pages} pages: {len(late)} updates, late by {np.median(late):.3f} s (median), "
        f"{np.quantile(late, 0.99):.3f} s (99 %), {late.max():.3f} s at most; {rate:.0f} messages/s"
    )


if __name__ == "__main__":
    url, pages, seconds, speed = sys.argv[1], *map(float, sys.argv[2:])
    late, rate = asyncio.run(measured(url, int(pages), seconds, speed))
    print(report(late, rate, int(pages)))
