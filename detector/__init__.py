"""The detector: scores frames, raises alarms; knows arrays and tags, no twin."""

from detector.base import Cause, Detector, Epoch, Score, Stream
from detector.checkpoint import load
from detector.episodes import Episode, Episodes
from detector.errors import DataError
from detector.online import OnlineDetector
from detector.registry import create, kinds, register

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
