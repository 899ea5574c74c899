"""The one check of rows against the contract, used by the service and by batch scoring.

It reports everything that is wrong with a row, not only the first thing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _messages as messages
from ._column_definition import Action, Column, ColumnType
from ._columns import (
    DTYPES,
    INTEGER_LIMIT,
    Array,
    Columns,
    length,
    missing,
    to_datetime64,
    to_json,
)
from ._model import Contract, UnknownFields


@dataclass(frozen=True)
class Violation:
    """A value that violates the contract.

    Attributes:
        row: position of the row, counted from 0.
        column: name of the column.
        value: the value as it was given.
        reason: e.g. `is above 99`.
        action: `reject` or `warn`.

    Examples:
        >>> Violation(0, "distance", -1.0, "is below 0", "reject").summary()
        'distance is below 0'
    """

    row: int
    column: str
    value: object
    reason: str
    action: Action

    def summary(self) -> str:
        return f"{self.column} {self.reason}"


@dataclass(frozen=True)
class Checked:
    """The result of checking rows.

    Attributes:
        columns: arrays of all rows by name, see `Columns`; invalid values are missing.
        accepted: mask of the rows that may be used, bool, shape (rows,).
        violations: all violations, by row.
        omitted: number of rejecting violations that are not listed.

    Examples:
        >>> checked = check_rows(contract, [{"distance": 3}])
        >>> checked.accepted.tolist(), checked.rejections[0].summary()
        ([False], 'distance is not in the contract')
    """

    columns: Columns
    accepted: NDArray[np.bool_]
    violations: tuple[Violation, ...]
    omitted: int = 0

    @property
    def rejections(self) -> tuple[Violation, ...]:
        return tuple(violation for violation in self.violations if violation.action == "reject")

    @property
    def warnings(self) -> tuple[Violation, ...]:
        return tuple(violation for violation in self.violations if violation.action == "warn")


def check_rows(
    contract: Contract,
    rows: Sequence[Mapping[str, object]],
    specs: Sequence[Column] | None = None,
    *,
    unknown_fields: UnknownFields = "reject",
    max_listed: int | None = None,
) -> Checked:
    """Check rows of a request or a CSV file against the contract.

    Args:
        contract: types and constraints of the columns.
        rows: one mapping a row.
        specs: the columns to check, by default those of a request.
        unknown_fields: whether fields that the contract does not list are rejected or ignored.
        max_listed: number of rejecting violations to list, by default all; others are counted.

    Examples:
        >>> from mlops_loop.testing import example_row
        >>> checked = check_rows(contract, [example_row(contract)])
        >>> checked.accepted.tolist(), checked.violations
        ([True], ())
    """
    specs = contract.inputs if specs is None else specs
    violations = _Violations(len(rows), max_listed)
    if unknown_fields == "reject":
        _add_unknown_fields(violations, rows, {column.name for column in contract.columns})
    columns: Columns = {}
    for spec in specs:
        raw = [row.get(spec.name) for row in rows]
        columns[spec.name], unreadable = _typed(spec, raw)
        if unreadable.any():
            violations.add(
                spec.name, unreadable, messages.unreadable(spec), "reject", raw.__getitem__
            )
        _add_constraint_violations(violations, spec, columns[spec.name], ~unreadable)
    return violations.checked(columns)


def check_columns(
    contract: Contract, columns: Columns, specs: Sequence[Column] | None = None
) -> Checked:
    """Check columns whose types are already right: nullability, ranges, categories."""
    specs = contract.inputs if specs is None else specs
    violations = _Violations(length(columns))
    readable = np.ones(length(columns), dtype=np.bool_)
    for spec in specs:
        _add_constraint_violations(violations, spec, columns[spec.name], readable)
    return violations.checked(columns)


class _Violations:
    """Violations as they are found; beyond a limit rejecting ones are only counted.

    Each `add` keeps the first of its rows, so that the first rows of all are among those kept.
    """

    def __init__(self, rows: int, max_listed: int | None = None) -> None:
        self._accepted = np.ones(rows, dtype=np.bool_)
        self._max_listed = max_listed
        self._rejecting: list[Violation] = []
        self._warnings: list[Violation] = []
        self._count = 0

    def add(
        self,
        column: str,
        mask: NDArray[np.bool_],
        reason: str,
        action: Action,
        value: Callable[[int], object],
    ) -> None:
        rows = np.flatnonzero(mask)
        listed = self._warnings
        if action == "reject":
            self._accepted[rows] = False
            self._count += len(rows)
            listed, rows = self._rejecting, rows[: self._max_listed]
        listed += [Violation(row, column, value(row), reason, action) for row in rows.tolist()]

    def add_one(self, violation: Violation) -> None:
        """A violation that rejects its row, in the order of the rows."""
        self._accepted[violation.row] = False
        self._count += 1
        if self._max_listed is None or self._count <= self._max_listed:
            self._rejecting.append(violation)

    def checked(self, columns: Columns) -> Checked:
        rejecting = sorted(self._rejecting, key=lambda violation: violation.row)[: self._max_listed]
        violations = sorted([*rejecting, *self._warnings], key=lambda violation: violation.row)
        omitted = self._count - len(rejecting)
        return Checked(columns, self._accepted, tuple(violations), omitted)


def _add_unknown_fields(
    violations: _Violations, rows: Sequence[Mapping[str, object]], known: set[str]
) -> None:
    for number, row in enumerate(rows):
        for name in row:
            if name not in known:
                violations.add_one(
                    Violation(number, name, row[name], messages.UNKNOWN_FIELD, "reject")
                )


def columns_with_violations(specs: Sequence[Column], columns: Columns) -> list[Column]:
    """The columns in which `check_columns` finds something."""
    return [spec for spec in specs if next(_violated(spec, columns[spec.name]), None)]


def _add_constraint_violations(
    violations: _Violations, spec: Column, values: Array, readable: NDArray[np.bool_]
) -> None:
    for mask, reason, action in _violated(spec, values):
        violations.add(
            spec.name, mask & readable, reason, action, lambda row: to_json(spec, values[row])
        )


def _violated(spec: Column, values: Array) -> Iterator[tuple[NDArray[np.bool_], str, Action]]:
    """Yield each violated constraint: the mask of rows, the reason and the action."""
    if not spec.nullable and (absent := missing(values)).any():
        yield absent, messages.MISSING, "reject"
    if spec.range is not None:
        low, high, action = spec.range.minimum, spec.range.maximum, spec.range.on_violation
        with np.errstate(invalid="ignore"):
            if low is not None and (below := values < low).any():
                yield below, messages.below(low), action
            if high is not None and (above := values > high).any():
                yield above, messages.above(high), action
    if spec.categories is not None:
        # A set, because numpy would pad every text to the longest one.
        words = {None, *spec.categories.values}
        if not words.issuperset(values):
            unknown = np.array([value not in words for value in values], dtype=np.bool_)
            yield unknown, messages.UNKNOWN_CATEGORY, spec.categories.on_violation


def _typed(spec: Column, raw: Sequence[object]) -> tuple[Array, NDArray[np.bool_]]:
    """Values in the column's type, and where one cannot be read as it; it is missing then."""
    read = _READERS[spec.type]
    unreadable = np.zeros(len(raw), dtype=np.bool_)
    values: list[Any] = []
    mapped = spec.text_mapping() or (lambda value: value)
    for row, value in enumerate(raw):
        try:
            value = mapped(value)
            values.append(None if value is None else read(value))
        except (TypeError, ValueError, OverflowError):
            values.append(None)
            unreadable[row] = True
    if spec.type in ("category", "text"):
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array, unreadable
    if spec.type == "datetime":
        empty = np.datetime64("NaT", "us")
        moments = [empty if value is None else value for value in values]
        return np.array(moments, dtype=DTYPES["datetime"]), unreadable
    numbers = [np.nan if value is None else value for value in values]
    return np.array(numbers, dtype=np.float64), unreadable


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    number = float(value)
    if not np.isfinite(number):
        raise ValueError
    return number


def _integer(value: object) -> float:
    number = _number(value)
    if number != int(number) or abs(number) >= INTEGER_LIMIT:
        raise ValueError
    return number


def _boolean(value: object) -> float:
    if not isinstance(value, bool):
        raise TypeError
    return float(value)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _datetime(value: object) -> np.datetime64:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise TypeError
    return to_datetime64(value)


_READERS: dict[ColumnType, Callable[[object], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "category": _string,
    "text": _string,
    "datetime": _datetime,
}
