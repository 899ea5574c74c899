"""Decisions of thresholds, simulated."""

from .case import Case

CASES: tuple[Case, ...] = ()
