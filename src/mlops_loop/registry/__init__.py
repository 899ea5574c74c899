"""Registered versions, and the event of a change of the champion."""

from .attempt import gate_result
from .callbacks import ChampionChange
from .mlflow_registry import Version

__all__ = ["ChampionChange", "Version", "gate_result"]
