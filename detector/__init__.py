"""The detector: scores frames, raises alarms; knows arrays and tags, no twin."""

from detector.base import Cause, Detector, Epoch, Score, Stream, create, kinds, register
from detector.checkpoint import load
from detector.errors import DataError
from detector.online import Episode, Episodes, OnlineDetector

__all__ = [
    "Cause",
    "DataError",
    "Detector",
    "Episode",
    "Episodes",
    "Epoch",
    "OnlineDetector",
    "Score",
    "Stream",
    "create",
    "kinds",
    "load",
    "register",
]
