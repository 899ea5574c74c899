"""Excel and OpenDocument workbooks: the first sheet that is not empty, through python-calamine."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from ...errors import SourceError
from .._remote import File, opened
from .formats import format_of
from .values import to_table

Row = list[Any]


def header(file: File) -> list[str]:
    """The first row with as many names as a row below may have.

    Raises:
        SourceError: if the workbook is empty or damaged, or python-calamine is not installed.
    """
    return [_name(cell) for cell in _rows(file)[0]]


def batches(file: File, names: list[str], present: list[int]) -> Iterator[pa.Table]:
    """The rows below the header in one block; a workbook fits into memory by its limits."""
    _, *rows = _rows(file)
    wanted = [names[at] for at in present]
    yield to_table(wanted, [[_value(row[at]) for at in present] for row in rows])


def about_sheets(file: File) -> str | None:
    """A remark if there are several sheets with rows; None otherwise, and for other formats."""
    if format_of(file) != "excel":
        return None
    names = [name for name, rows in _sheets(file) if rows]
    if len(names) < 2:
        return None
    return f"{file} has the sheets {', '.join(names)}: only {names[0]} is read"


def _rows(file: File) -> list[Row]:
    """Rows of the first sheet that has some, from the header on and without empty ones."""
    rows = next((rows for _, rows in _sheets(file) if rows), [])
    rows = [row for row in rows if any(cell != "" for cell in row)]
    while len(rows) > 1 and _filled(rows[0]) == 1 < _filled(rows[1]):
        rows = rows[1:]  # a title above the header
    if not rows:
        raise SourceError(f"{file} is empty")
    return rows


def _sheets(file: File) -> Iterator[tuple[str, list[Row]]]:
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
                yield name, workbook.get_sheet_by_name(name).to_python(skip_empty_area=True)
    except (CalamineError, OSError) as error:
        raise SourceError(
            f"{file} is not a workbook, damaged or protected by a password: save it again"
        ) from error


def _filled(row: Row) -> int:
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
