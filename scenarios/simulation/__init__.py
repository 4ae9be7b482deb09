"""One run of a scenario, watched by a detector while it happens and compared with its pair."""
