"""The error that a user's data, file or name can cause."""

import difflib
from collections.abc import Iterable


class DataError(ValueError):
    """Data, a file or a name given from outside cannot be used.

    The message says what is wrong, where (``file:line`` when it comes from a file), the nearest
    valid name when a name is wrong, and how to mend it.
    """


def did_you_mean(name: str, names: Iterable[str], known_as: str = "Known") -> str:
    """Return a sentence that names the nearest valid name, or lists all when none is near.

    Parameters
    ----------
    name
        What was given.
    names
        What would have been valid.
    known_as
        What they are called where all are listed.

    Returns
    -------
    str
        ``"Did you mean 'pca'?"`` or ``"Known: cnn-lstm, pca."``.
    """
    known = list(names)
    lowered = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), lowered, n=1)
    if near:
        return f"Did you mean {lowered[near[0]]!r}?"
    return f"{known_as}: {', '.join(known)}." if known else "None is known."
