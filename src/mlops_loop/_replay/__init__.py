"""Replay of the rows of a file against a running service."""

from .result import Replayed
from .run import replay

__all__ = ["Replayed", "replay"]
