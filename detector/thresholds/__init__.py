"""Where an alarm begins: thresholds set from scores of normal frames.

Each says in its docstring what it promises; `detector.thresholds.rule.measure` says what it
delivers on scores that it was not set from.
"""
