"""Registered versions, and the transitions that decide which of them serves."""

from .mlflow_registry import Registry, Version
from .transitions import Transitions

__all__ = ["Registry", "Transitions", "Version"]
