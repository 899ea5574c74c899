"""Ids and keys as text columns hold them, which for PostgreSQL is every character but NUL."""

import re

_ESCAPED = re.compile(r"\\[0\\]")


def to_text(value: str) -> str:
    """NUL becomes a backslash and a zero, a backslash becomes two; the rest is unchanged."""
    return value.replace("\\", "\\\\").replace("\x00", "\\0")


def from_text(stored: str) -> str:
    if "\\" not in stored:
        return stored
    return _ESCAPED.sub(lambda match: "\x00" if match[0] == "\\0" else "\\", stored)
