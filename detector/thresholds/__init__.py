"""Where an alarm begins: thresholds set from scores of normal frames."""
