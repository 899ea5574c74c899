"""Detection of the delimiter and quotes of a text file."""

import csv
from collections import Counter
from itertools import islice
from pathlib import Path

from .._settings import Csv
from ..errors import InputError

_DELIMITERS = ",;\t|:^~ "
_QUOTES = "\"'"
_LINES = 200
_CHARACTERS = 1 << 20


def detect_dialect(file: Path, encoding: str) -> Csv:
    """The delimiter and quotes that split most of the first lines into equally many values.

    Lines above the header, e.g. a title, are recognized by their length.

    Raises:
        InputError: if the file is empty, or its text is not in that encoding.
    """
    lines = _lines(file, encoding)
    if not any(line.strip() for line in lines):
        raise InputError(f"{file} is empty")
    dialects = [(delimiter, quote) for quote in _QUOTES for delimiter in _DELIMITERS]
    best = max(dialects, key=lambda dialect: _score(lines, *dialect))
    if _score(lines, *best) <= 0:
        return Csv(encoding=encoding)  # one column without a delimiter
    delimiter, quote = best
    return Csv(delimiter=delimiter, quote=quote, encoding=encoding, skip=_skip(lines, *best))


def _lines(file: Path, encoding: str) -> list[str]:
    try:
        with file.open(encoding=encoding, newline="") as opened:
            text = opened.read(_CHARACTERS)
    except UnicodeError as error:
        raise InputError(f"{file} is not text in {encoding}: {error}") from error
    lines = text.splitlines(keepends=True)
    return lines if len(text) < _CHARACTERS else lines[:-1]


def _widths(lines: list[str], delimiter: str, quote: str) -> list[int]:
    rows = csv.reader(lines, delimiter=delimiter, quotechar=quote)
    try:
        return [len(row) for row in islice(rows, _LINES) if row]
    except csv.Error:
        return []


def _score(lines: list[str], delimiter: str, quote: str) -> float:
    """Share of rows with the most common width, with a preference for more columns."""
    widths = _widths(lines, delimiter, quote)
    if not widths:
        return 0
    width, rows = Counter(widths).most_common(1)[0]
    if width < 2:
        return 0
    order = _DELIMITERS.index(delimiter) / 1000 + _QUOTES.index(quote) / 100
    # A character inside values splits lines unevenly, or into few parts.
    return rows / len(widths) * (2 - 1 / width) - order


def _skip(lines: list[str], delimiter: str, quote: str) -> int:
    """Number of lines above the first row of full width."""
    widths = _widths(lines, delimiter, quote)
    full = Counter(widths).most_common(1)[0][0]
    above = 0
    for line in lines:
        line_widths = _widths([line], delimiter, quote)
        if line_widths and line_widths[0] == full:
            return above
        # A line with an open quote starts a row of several lines, which is the header.
        if line.count(quote) % 2:
            return above
        above += 1
    return 0
