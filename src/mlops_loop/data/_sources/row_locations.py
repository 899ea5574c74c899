"""Where rows stand: the line of a text file, or the row of another file, both counted from 1."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa

from ..._settings import Csv
from .._remote import File
from . import csv_file, json_lines
from .formats import format_of
from .malformed import MalformedRows


@dataclass(frozen=True)
class Place:
    """The place of a row.

    Attributes:
        file: the file.
        unit: `line` of a text file, else `row`.
        number: counted from 1; in a text file the header is a line, too.
    """

    file: str
    unit: str
    number: int

    def __str__(self) -> str:
        return f"{self.file}, {self.unit} {self.number}"


@dataclass(frozen=True)
class _Block:
    """Rows of a file that were read together; `first` is their position among its good rows."""

    file: File
    csv: Csv
    first: int
    malformed: MalformedRows | None


class Places:
    """The places of rows by their position, counted from 0, in the order in which they are read.

    Lines are looked up only when they are asked for, which reads the file again.
    """

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._starts: list[int] = []
        self._rows = 0
        self._good: dict[str, int] = {}

    def add(self, file: File, csv: Csv, table: pa.Table) -> None:
        """The next rows that are read."""
        malformed = MalformedRows.of(table)
        first = self._good.get(str(file), 0)
        self._blocks.append(_Block(file, csv, first, malformed))
        self._starts.append(self._rows)
        self._rows += table.num_rows
        if malformed is None:
            self._good[str(file)] = first + table.num_rows

    def of(self, positions: Sequence[int]) -> list[Place]:
        """The places of rows that were read; each file is read at most once for all of them."""
        blocks = [self._blocks[bisect_right(self._starts, at) - 1] for at in positions]
        offsets = [at - self._starts[bisect_right(self._starts, at) - 1] for at in positions]
        wanted: dict[str, set[int]] = {}
        for block, offset in zip(blocks, offsets, strict=True):
            if block.malformed is None:
                wanted.setdefault(str(block.file), set()).add(block.first + offset)
        files = {str(block.file): block for block in blocks}
        lines = {name: _lines(files[name], rows) for name, rows in wanted.items()}
        return [
            _place(block, offset, lines.get(str(block.file), {}))
            for block, offset in zip(blocks, offsets, strict=True)
        ]


def _place(block: _Block, offset: int, lines: Mapping[int, int]) -> Place:
    name, row = str(block.file), block.first + offset
    if block.malformed is not None:
        return Place(name, "line", block.malformed.lines[offset])
    return Place(name, "line", lines[row]) if row in lines else Place(name, "row", row + 1)


def _lines(block: _Block, rows: Collection[int]) -> dict[int, int]:
    """The lines at which good rows of a text file begin; none for other formats."""
    match format_of(block.file):
        case "csv":
            found = csv_file.lines(block.file, block.csv)
        case "json lines":
            found = json_lines.lines(block.file)
        case _:
            return {}
    numbered = enumerate(islice(found, max(rows) + 1))
    return {row: line for row, line in numbered if row in rows}
