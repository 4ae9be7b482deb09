"""A scenario's entries armed for one run: when each acts, on what, and which tags it alters."""
