"""Rows of text files that could not be split into values: the raw text with its place."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

# No column of a contract can have these names: YAML lets no NUL through.
_LINE, _PROBLEM, _TEXT = "\0line", "\0problem", "\0text"
_FILE = b"file"


@dataclass(frozen=True)
class MalformedRows:
    """Malformed rows of one file.

    Attributes:
        file: name of the file.
        lines: lines at which they begin, counted from 1.
        problems: what is wrong with each of them, e.g. `5 values, expected 4`.
        texts: the rows as they stand in the file.
    """

    file: str
    lines: list[int]
    problems: list[str]
    texts: list[str]

    def __len__(self) -> int:
        return len(self.texts)

    def table(self) -> pa.Table:
        """A table that takes the place of the rows among those of a file; see `of`."""
        columns = {_LINE: self.lines, _PROBLEM: self.problems, _TEXT: self.texts}
        return pa.table(columns).replace_schema_metadata({_FILE: self.file})

    @classmethod
    def of(cls, table: pa.Table) -> "MalformedRows | None":
        """The malformed rows that a table stands for; None for a table of values."""
        if not is_malformed(table):
            return None
        columns = (table[name].to_pylist() for name in (_LINE, _PROBLEM, _TEXT))
        return cls((table.schema.metadata or {}).get(_FILE, b"").decode(), *columns)

    @property
    def first(self) -> str:
        """Place and problem of the first one, e.g. `in.csv, line 7: 5 values, expected 4`."""
        return f"{self.file}, line {self.lines[0]}: {self.problems[0]}"

    @property
    def reason(self) -> str:
        """One reason for all of them, to count them by."""
        return f"malformed row, the first in {self.first}"

    def reasons(self) -> Iterator[str]:
        """A reason for each row."""
        for line, problem in zip(self.lines, self.problems, strict=True):
            yield f"line {line} is malformed: {problem}"


def is_malformed(table: pa.Table) -> bool:
    """Whether a table stands for malformed rows."""
    return _TEXT in table.column_names
