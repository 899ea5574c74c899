"""Registered versions, and the event of a change of the champion."""

from ._attempt import gate_result
from ._callbacks import ChampionChange
from ._version import Version

__all__ = ["ChampionChange", "Version", "gate_result"]
