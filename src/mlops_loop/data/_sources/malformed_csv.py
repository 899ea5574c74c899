"""Rows of delimited text that cannot be split, and the lines at which they stand."""

import io
from collections.abc import Iterator

import pyarrow.csv

from ..._settings import Csv
from ...errors import SourceError
from .._remote import File
from .compression import opened_text
from .malformed import MalformedRows


class MalformedCollector:
    """Collects the rows that Arrow skips, and finds their lines."""

    def __init__(self, file: File, csv: Csv) -> None:
        self.rows: list[pyarrow.csv.InvalidRow] = []
        self._file = file
        self._csv = csv
        self._lines = _numbered_lines(file, csv.encoding)
        self._openings = _numbered_lines(file, csv.encoding)

    def skip(self, row: pyarrow.csv.InvalidRow) -> str:
        self.rows.append(row)
        return "skip"

    def take(self) -> MalformedRows:
        rows, self.rows = self.rows, []
        lines = [self._line(row.text) for row in rows]
        if _has_open_quote(rows[-1].text, self._csv):
            raise SourceError(
                f"{self._file}, line {lines[-1]}: a quote is never closed; correct the row, or "
                "read quotes as text with --quote none"
            )
        problems = [f"{row.actual_columns} values, expected {row.expected_columns}" for row in rows]
        return MalformedRows(str(self._file), lines, problems, [row.text for row in rows])

    def swallowed(self, values: list[str]) -> MalformedRows:
        """The lines of such values, see `open_quotes`; each of them would be a row."""
        lines: list[int] = []
        problems: list[str] = []
        texts: list[str] = []
        for value in values:
            inside = value.split("\n")
            begin, more = self._opening_line(inside[0].rstrip("\r")), len(inside) - 1
            lines += range(begin, begin + len(inside))
            problems.append(
                f"a quote is opened and closed {more} lines later: close it, or read quotes as "
                "text with --quote none"
            )
            problems += [f"is inside the quote that line {begin} opens"] * more
            texts += inside
        return MalformedRows(str(self._file), lines, problems, texts)

    def _opening_line(self, text: str) -> int:
        """The next line that ends with a quote and the text."""
        ending = f"{self._csv.quote}{text}"
        return next((number for number, line in self._openings if line.endswith(ending)), 0)

    def _line(self, text: str) -> int:
        """The next line that begins the row. Arrow numbers rows, which may have several lines."""
        first = text.partition("\n")[0].rstrip("\r")
        return next((number for number, line in self._lines if line == first), 0)


def _has_open_quote(text: str, csv: Csv) -> bool:
    """Whether a row that is no row goes over several lines because of a quote that stays open."""
    if csv.quote is None or "\n" not in text.strip():
        return False
    return text.count(csv.quote) % 2 == 1 and csv.escape is None


def _numbered_lines(file: File, encoding: str) -> Iterator[tuple[int, str]]:
    with (
        opened_text(file) as content,
        io.TextIOWrapper(content, encoding, errors="replace") as text,
    ):
        for number, line in enumerate(text, 1):
            yield number, line.rstrip("\n")
