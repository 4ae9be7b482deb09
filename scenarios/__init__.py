"""Scenarios: where twin, attacks and detector meet."""
