"""What is made of many runs: sweeps and their tables, data sets and trained detectors."""
