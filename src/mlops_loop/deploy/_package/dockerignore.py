"""The rules of .dockerignore: which files of a folder are sent to the builder of an image."""

import re
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

from ...errors import InputError

NAME = ".dockerignore"
_PARTS = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def sent_to_builder(root: Path) -> Callable[[str], bool]:
    """A function that tells whether a file is sent, by its path relative to the folder.

    Raises:
        InputError: if there is no `.dockerignore`, as then everything would be sent.
    """
    file = root / NAME
    if not file.is_file():
        raise InputError(
            f"{file} is missing: without it, data and secrets would be sent to the builder as well"
        )
    rules = parse_rules(file.read_text(encoding="utf-8"))
    return lambda path: is_sent(path, rules)


def parse_rules(text: str) -> list[tuple[re.Pattern[str], bool]]:
    """The patterns of a .dockerignore in order, each with whether it includes what it matches."""
    lines = (line.strip() for line in text.splitlines())
    patterns = [line for line in lines if line and not line.startswith("#")]
    return [(_compile(line.removeprefix("!")), line.startswith("!")) for line in patterns]


def is_sent(path: str, rules: list[tuple[re.Pattern[str], bool]]) -> bool:
    """Whether the last rule that matches a file, or a folder above it, includes it.

    Examples:
        >>> rules = parse_rules("*\\n!src\\n**/__pycache__")
        >>> [is_sent(path, rules) for path in (".env", "src/a", "src/__pycache__/a")]
        [False, True, False]
    """
    prefixes = list(accumulate(path.split("/"), lambda folder, name: f"{folder}/{name}"))
    matching = (
        includes for pattern, includes in reversed(rules) if any(map(pattern.fullmatch, prefixes))
    )
    return next(matching, True)


def _compile(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.strip("/"))
    return re.compile("".join(_PARTS.get(part, re.escape(part)) for part in parts))
