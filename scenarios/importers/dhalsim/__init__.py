"""DHALSIM's experiments: its YAML, with the files it includes."""
