"""The table to adopt: its address, dialect and rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from .._settings import Csv
from ..data._sources.types import cast_table, common_types
from .table_parts import Part

Read = Callable[[], Iterator[pa.Table]]


@dataclass
class Malformed:
    """Malformed rows of the last complete reading of a table.

    Attributes:
        rows: their number.
        first: place and problem of the first one.
    """

    rows: int = 0
    first: str = ""


@dataclass(frozen=True)
class Table:
    """A table that can be read repeatedly.

    Attributes:
        address: the source, as written to `config/project.yaml`.
        names: names of the columns in the project, in order.
        read: returns blocks of rows with all columns, in the types of the source.
        csv: dialect of its text files; None if it has none.
        query: SQL query, for a database.
        renamed: original names of renamed columns, by new name.
        notes: remarks about files that were skipped, or that differ from the others.
        malformed: malformed rows, which `read` leaves out.
        lacking: the first file that does not have a column, and what it has, by column.
        parts: copies of its files, if an engine has made some.
    """

    address: str
    names: tuple[str, ...]
    read: Read
    csv: Csv | None = None
    query: str | None = None
    renamed: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    malformed: Malformed = field(default_factory=Malformed)
    lacking: dict[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()

    def warnings(self) -> list[str]:
        """Remarks about its files and malformed rows; the latter are known once it was read."""
        if not self.malformed.rows:
            return [*self.notes]
        return [
            *self.notes,
            f"malformed rows will be rejected: {self.malformed.rows}, the first in "
            f"{self.malformed.first}",
        ]


def in_common_types(read: Read) -> Read:
    """Reads every block in the same types; the blocks are read once more to find them."""
    types: dict[str, pa.DataType] = {}

    def read_in_types() -> Iterator[pa.Table]:
        if not types:
            types.update(common_types(table.schema for table in read()))
        return (cast_table(table, types) for table in read())

    return read_in_types
