"""Registered versions, and the transitions that decide which of them serves."""

from .callbacks import ChampionChange
from .mlflow_registry import Registry, Version
from .transitions import Transitions

__all__ = ["ChampionChange", "Registry", "Transitions", "Version"]
