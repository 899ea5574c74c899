"""Rows of a file asked about one after another, as callers of the service would."""

from .result import Replayed
from .run import replay

__all__ = ["Replayed", "replay"]
