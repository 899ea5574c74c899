"""Decisions of gate, simulated."""

from .case import Case

CASES: tuple[Case, ...] = ()
