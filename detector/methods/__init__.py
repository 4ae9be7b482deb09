"""The detectors that ship, each a way to score frames."""
