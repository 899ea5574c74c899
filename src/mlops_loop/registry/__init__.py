"""Registered versions, and what is called when another one becomes champion."""

from .attempt import gate_result
from .callbacks import ChampionChange
from .mlflow_registry import Version

__all__ = ["ChampionChange", "Version", "gate_result"]
