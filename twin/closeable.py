"""A base class for context managers that close themselves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self


class Closing(ABC):
    """An object whose `with` block ends with `close()`; the block's name is the object itself.

    `contextlib.closing` does the same from outside, at every `with`.
    """

    @abstractmethod
    def close(self) -> None:
        """Release files and engine; a second call does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
