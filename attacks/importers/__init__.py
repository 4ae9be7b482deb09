"""The peers' scenario files, read into ours: epanetCPA's `.cpa` and DHALSIM's YAML.

An importer makes plain scenario data with a comment for each line, and notes on what is not the
same here; it neither builds nor runs the scenario. Imported by whoever needs it, as its parts read
network models.
"""
