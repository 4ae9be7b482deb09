"""Recorded streams: the historian that a run writes, truth and views."""
