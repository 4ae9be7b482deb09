"""What is made of recorded runs: trained detectors, and records in the benchmark's format."""
