"""Detectors tried on the twin: the same incidents and normal weeks for each, and what came of them.

`recipes.yaml` lists the incidents; everything is drawn anew from seeds that are named before.
"""
