"""The pages of the control room, a file a page; each reads the last snapshot and changes nothing.

`frame.py` holds what surrounds them all: the clock, the alarm banner, the ways to the others.
"""
