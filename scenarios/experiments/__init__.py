"""What is made of many runs: data sets and trained detectors."""
