"""Detection of the delimiter, quotes and escapes of a text file.

clevercsv ranks the dialects; the header decides which of them are possible, because a character
inside the values (`:` in times, `,` in decimal commas) is rarely in the names as often. Of 66
files, among them those of the tests, clevercsv 0.8 alone splits 61 right, DuckDB's `sniff_csv` 56
(not decimal commas after semicolons, escaped delimiters, malformed rows), both rules together all.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, islice
from typing import TYPE_CHECKING

from ..._settings import Csv

if TYPE_CHECKING:
    from _csv import Reader

_DELIMITERS = ",;\t|:^~\x01\x1f "
# Delimiters below lines to skip; any two lines of text may have as many blanks.
_COMMON = ",;\t|"
# Delimiters of files that would have a single column otherwise.
_RARE = "$#!/%&*@="
_QUOTES = ('"', "'", None)
_ROWS = 1_000
_CHARACTERS = 1 << 18
_RANKED_CHARACTERS, _RANKED_LINES = 1 << 15, 5
_PLAIN = rf"""[^\s"'\\{re.escape(_DELIMITERS + _RARE)}]"""
# A long value is cut short: clevercsv takes minutes for one without a delimiter.
_LONG_VALUE = re.compile(rf"({_PLAIN}{{99}}){_PLAIN}+")
_MAX_SKIPPED = 30
_ROWS_BELOW_A_TITLE = 100
# Share of rows that must be as wide as the header; strict, if lines are skipped to find one.
_SHARE, _STRICT = 0.8, 0.95
# So many rows may have a malformed one among them, whatever its share.
_ROWS_WITH_ONE = 4
_EXCEL_HINT = re.compile(r'^"?sep=(.)"?\s*$')
# The name of a column, rather than a value or a sentence.
_NAME = re.compile(r"^\W*[^\W\d].{0,60}$")


def first_lines(stream: Iterable[str]) -> list[str]:
    """The first lines of a text, with their ends: at least two, if there are."""
    lines: list[str] = []
    characters = 0
    for line in islice(stream, _ROWS):
        lines.append(line)
        characters += len(line)
        if len(lines) > 1 and characters > _CHARACTERS:
            break
    return lines


def detect_dialect(lines: Sequence[str], given: Mapping[str, str | None] | None = None) -> Csv:
    """The dialect in which most rows are as wide as the header.

    Lines above the header, e.g. a title, are skipped only if no dialect fits the whole text.

    Args:
        lines: the result of `first_lines`.
        given: fields of the dialect that are known, by the names of `Csv`.
    """
    known = Csv(**(given or {}))  # type: ignore[arg-type]
    pinned = frozenset(given or {})
    if (hint := _EXCEL_HINT.match(lines[0])) and "delimiter" not in pinned:
        known, pinned = known.model_copy(update={"delimiter": hint[1]}), pinned | {"delimiter"}
        return _ranked(lines[1:], known, pinned, _DELIMITERS).model_copy(update={"skip": 1})
    return (
        _fitting(lines, known, pinned)
        or _below_a_title(lines, known, pinned)
        or _single_column(lines, known, pinned)
    )


def fits(lines: Sequence[str], dialect: Csv) -> bool:
    """Whether there are two columns or more, and most rows are as wide as the header."""
    return _misfits(lines[dialect.skip :], dialect, _SHARE) is not None


def _misfits(lines: Sequence[str], dialect: Csv, share: float) -> int | None:
    """Number of rows that are not as wide as the header; None if they are too many."""
    rows = split_rows(lines, dialect)
    if not rows or len(rows[0]) < 2:
        return None
    others = sum(len(row) != len(rows[0]) for row in rows[1:])
    below = len(rows) - 1
    return others if others <= max((1 - share) * below, below >= _ROWS_WITH_ONE) else None


def split_rows(lines: Iterable[str], dialect: Csv) -> list[list[str]]:
    """The values of rows that are not empty; none if the dialect is impossible."""
    try:
        return [row for row in reader(lines, dialect) if row]
    except csv.Error:
        return []


def reader(lines: Iterable[str], dialect: Csv) -> "Reader":
    """The standard library's reader in a dialect."""
    return csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        quoting=csv.QUOTE_NONE if dialect.quote is None else csv.QUOTE_MINIMAL,
    )


def has_padded_quotes(lines: Sequence[str], dialect: Csv) -> bool:
    """Whether blanks stand between delimiters and quotes, which are no quotes then."""
    rows = split_rows(lines[dialect.skip :], dialect)
    padded = re.compile(rf"^ +{re.escape(dialect.quote or '')}.*")
    return dialect.quote is not None and any(padded.match(cell) for row in rows[:1] for cell in row)


def is_aligned(lines: Sequence[str]) -> bool:
    """Whether the columns are separated by several blanks, for which there is no delimiter."""
    rows = [line.split() for line in lines if line.strip()]
    if not any("  " in line.strip() for line in lines) or len(rows[0]) < 2:
        return False
    return all(len(row) == len(rows[0]) for row in rows)


def _fitting(lines: Sequence[str], known: Csv, pinned: frozenset[str]) -> Csv | None:
    """The best dialect that fits the header; None if there is none."""
    best = _ranked(lines, known, pinned, _DELIMITERS)
    return best if fits(lines, best) else _possible(lines, known, pinned, _DELIMITERS, _SHARE)


def _possible(
    lines: Sequence[str], known: Csv, pinned: frozenset[str], delimiters: str, share: float
) -> Csv | None:
    """The best dialect with a delimiter that the header allows."""
    possible = [
        dialect
        for dialect in _candidates(known, pinned, delimiters)
        if _misfits(lines, dialect, share) is not None
    ]
    if not possible:
        return None
    left = "".join(dict.fromkeys(dialect.delimiter for dialect in possible))
    best = _ranked(lines, known, pinned, left)
    return best if _misfits(lines, best, share) is not None else possible[0]


def _candidates(known: Csv, pinned: frozenset[str], delimiters: str) -> Iterable[Csv]:
    quotes = (known.quote,) if "quote" in pinned else _QUOTES
    for quote in quotes:
        for delimiter in known.delimiter if "delimiter" in pinned else delimiters:
            yield known.model_copy(update={"delimiter": delimiter, "quote": quote})


def _ranked(lines: Sequence[str], known: Csv, pinned: frozenset[str], delimiters: str) -> Csv:
    """The first choice of clevercsv, with the fields that are known."""
    # Imported when needed: most files are in the dialect of the settings.
    from clevercsv import Detector
    from clevercsv.exceptions import Error

    allowed = known.delimiter if "delimiter" in pinned else delimiters
    sample = _LONG_VALUE.sub(r"\1", "".join(_few(lines)))
    try:
        found = Detector().detect(sample, delimiters=list(allowed))
    except Error:  # e.g. a NUL character, or a value of more than 128 KB
        return known
    if found is None:
        return known
    delimiter = found.delimiter or known.delimiter
    fields: dict[str, str | None] = {
        "delimiter": delimiter,
        "quote": '"' if _is_enclosing('"', lines, delimiter) else found.quotechar or '"',
        "escape": "\\" if found.escapechar == "\\" else None,
    }
    fields = {name: value for name, value in fields.items() if name not in pinned}
    return known.model_copy(update=fields)


def _few(lines: Sequence[str]) -> Sequence[str]:
    """The first lines: clevercsv takes seconds for a long text without any structure."""
    lengths = accumulate(len(line) for line in lines)
    count = sum(length < _RANKED_CHARACTERS for length in lengths)
    return lines[: max(count, _RANKED_LINES)]


def _is_enclosing(quote: str, lines: Sequence[str], delimiter: str) -> bool:
    edge = re.escape(delimiter)
    value = re.compile(rf"(^|{edge})[ ]*{quote}([^{quote}]|{quote}{quote})*{quote}\s*({edge}|$)")
    return any(value.search(line) for line in lines)


def _below_a_title(lines: Sequence[str], known: Csv, pinned: frozenset[str]) -> Csv | None:
    """The dialect below lines to skip in which the fewest rows differ from the header."""
    found: list[tuple[int, int, Csv]] = []
    for skip in range(1, min(_MAX_SKIPPED, len(lines) - 1)):
        below = lines[skip : skip + _ROWS_BELOW_A_TITLE]
        delimiters = "".join(sign for sign in _COMMON if sign in below[0])
        dialect = _possible(below, known, pinned, delimiters, _STRICT) if delimiters else None
        if dialect is not None and _could_be_names(split_rows(below[:1], dialect)):
            misfits = _misfits(below, dialect, _STRICT) or 0
            found.append((misfits, skip, dialect.model_copy(update={"skip": skip})))
    return min(found, key=lambda entry: entry[:2])[2] if found else None


def _could_be_names(rows: list[list[str]]) -> bool:
    return bool(rows) and all(_NAME.match(cell) for cell in rows[0])


def _single_column(lines: Sequence[str], known: Csv, pinned: frozenset[str]) -> Csv:
    """A dialect of one column, or the best one if the header has more than that."""
    best = _ranked(lines, known, pinned, _DELIMITERS)
    if "delimiter" in pinned or any(len(row) > 1 for row in split_rows(lines[:1], best)):
        return best
    rare = "".join(sign for sign in _RARE if sign in lines[0])
    if rare and (dialect := _possible(lines, known, pinned, rare, _STRICT)) is not None:
        return dialect
    unused = [delimiter for delimiter in ",\t|;" if not any(delimiter in line for line in lines)]
    delimiter = unused[0] if unused else ","
    return best.model_copy(update={"delimiter": delimiter, "quote": '"', "escape": None})
