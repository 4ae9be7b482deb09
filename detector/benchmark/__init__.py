"""Offline evaluation on the BATADAL data set."""
