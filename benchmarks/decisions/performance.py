"""Decisions of performance, simulated."""

from .case import Case

CASES: tuple[Case, ...] = ()
