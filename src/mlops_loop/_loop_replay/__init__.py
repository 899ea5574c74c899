"""Replay of the loop over the past, against the real service on a simulated clock."""

from .run import ProgressListener, replay_year

__all__ = ["ProgressListener", "replay_year"]
