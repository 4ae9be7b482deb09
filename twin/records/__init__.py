"""Recorded streams: the historian a run writes, and records in the data set's format."""
