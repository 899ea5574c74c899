"""Excel and OpenDocument workbooks: the first sheet that has rows, through python-calamine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from ...errors import SourceError
from .._remote import File, opened
from .formats import format_of
from .values import to_table

_Row = list[Any]


@dataclass(frozen=True)
class _Workbook:
    """Header and rows of the first sheet that has some, and the names of all such sheets."""

    header: list[str]
    rows: pa.Table
    sheets: tuple[str, ...]


def header(file: File) -> list[str]:
    """The first row that is more than a title.

    Raises:
        SourceError: if the workbook is empty or damaged, or python-calamine is not installed.
    """
    return [*_workbook(file).header]


def batches(file: File, names: list[str], present: list[int]) -> Iterator[pa.Table]:
    """The rows below the header in one block; a workbook fits into memory by its limits."""
    table = _workbook(file).rows.rename_columns(names)
    yield table.select([names[at] for at in present])


def about_sheets(file: File) -> str | None:
    """A remark if there are several sheets with rows; None otherwise, and for other formats."""
    sheets = _workbook(file).sheets if format_of(file) == "excel" else ()
    if len(sheets) < 2:
        return None
    return f"{file} has the sheets {', '.join(sheets)}: only {sheets[0]} is read"


def _workbook(file: File) -> _Workbook:
    state = file.stat().st_mtime_ns if isinstance(file, Path) else file.state()
    return _read(file, state)


@lru_cache(maxsize=1)  # parsing takes long, and the header is asked for first
def _read(file: File, state: object) -> _Workbook:
    """Read a workbook that has not changed since it was in this state."""
    sheets = {name: rows for name, rows in _sheets(file) if rows}
    if not sheets:
        raise SourceError(f"{file} is empty")
    rows = next(iter(sheets.values()))
    while len(rows) > 1 and _filled(rows[0]) == 1 < _filled(rows[1]):
        rows = rows[1:]  # a title above the header
    numbered = [str(at) for at in range(len(rows[0]))]
    table = to_table(numbered, [[_value(cell) for cell in row] for row in rows[1:]])
    return _Workbook([_name(cell) for cell in rows[0]], table, tuple(sheets))


def _sheets(file: File) -> Iterator[tuple[str, list[_Row]]]:
    """The rows of each sheet that are not empty."""
    try:
        from python_calamine import CalamineError, load_workbook
    except ImportError as error:
        raise SourceError(
            f"{file}: workbooks are read by python-calamine, which is not installed: run "
            "`make add PACKAGE=python-calamine`, or save the sheet as CSV"
        ) from error
    try:
        with opened(file) as content:
            workbook = load_workbook(content)
            for name in workbook.sheet_names:
                rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=True)
                yield name, [row for row in rows if _filled(row)]
    except (CalamineError, OSError) as error:
        raise SourceError(
            f"{file} is not a workbook, damaged or protected by a password: save it again"
        ) from error


def _filled(row: _Row) -> int:
    return sum(cell != "" for cell in row)


def _name(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _value(cell: Any) -> Any:
    """Workbooks know no integers, and no dates without a time."""
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return datetime(cell.year, cell.month, cell.day)
    return None if cell == "" else cell
