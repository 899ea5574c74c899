"""Ids and keys as PostgreSQL's text, which holds every character but NUL."""

import re

_ESCAPED = re.compile(r"\\[0\\]")


def to_text(value: str) -> str:
    """NUL becomes a backslash and a nought, a backslash becomes two; all else stays."""
    return value.replace("\\", "\\\\").replace("\x00", "\\0")


def from_text(stored: str) -> str:
    return _ESCAPED.sub(lambda found: "\x00" if found[0] == "\\0" else "\\", stored)
