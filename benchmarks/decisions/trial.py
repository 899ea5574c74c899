"""Decisions of trial, simulated."""

from .case import Case

CASES: tuple[Case, ...] = ()
