"""An asyncio event loop in a thread of its own, on which servers run beside the plant."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from twin.closeable import Closing

LOOPBACK = "127.0.0.1"
"""The address at which servers listen unless told another: this machine alone reaches it."""

T = TypeVar("T")


class Background(Closing):
    """A running event loop; closing it cancels what still runs on it.

    Parameters
    ----------
    name : str
        Of its thread.
    """

    def __init__(self, name: str):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run a coroutine on the loop, and return its result or raise what it raised."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Let a coroutine run on the loop until it ends or the loop is closed."""
        asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """Cancel all tasks and end the thread."""
        if self._loop.is_closed():
            return
        self.call(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_others() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)  # connections closed just now are closed at the loop's next turn
