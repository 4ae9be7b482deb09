"""Attacks: where, when and what."""
