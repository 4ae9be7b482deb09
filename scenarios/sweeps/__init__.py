"""Sweeps: scenarios varied over their fields, run on all cores or a cluster, and their one table.

A sweep file is read and checked, its runs are done by workers and journalled, and told as a report.
"""
