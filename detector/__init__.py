"""The detector: scores frames, raises alarms; knows arrays and tags, no twin."""
