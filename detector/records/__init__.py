"""Hourly records of a plant, read from CSV files however they are written."""
