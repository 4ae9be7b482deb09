"""The detector: scores frames, raises alarms; knows arrays and tags, no twin."""

from detector.base import Cause, Detector, Score, Step, Stream, Training
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
    "OnlineDetector",
    "Score",
    "Step",
    "Stream",
    "Training",
    "create",
    "kinds",
    "load",
    "register",
]
