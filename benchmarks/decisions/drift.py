"""Decisions of drift, simulated."""

from .case import Case

CASES: tuple[Case, ...] = ()
