"""Where every picture is drawn: one that fails costs the picture, and nothing that was computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def drawing(picture: str, tell: Callable[[str], object]) -> Iterator[None]:
    """Draw a picture inside; where that fails, go on behind it.

    Parameters
    ----------
    picture : str
        What is drawn, as the user knows it.
    tell : callable
        Told which picture is missing, and why.
    """
    try:
        yield
    except Exception as error:
        tell(f"{picture} could not be drawn: {type(error).__name__}: {error}")
