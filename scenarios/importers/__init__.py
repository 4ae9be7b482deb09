"""Scenario files of other tools, read into ours. They write scenario files and import no attack."""
