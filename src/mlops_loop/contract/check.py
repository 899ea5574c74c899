"""The one check of rows against the contract, used by the service and by batch scoring.

It reports everything that is wrong with a row, not only the first thing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import reasons
from .columns import (
    DTYPES,
    INTEGER_LIMIT,
    Array,
    Columns,
    length,
    missing,
    to_datetime64,
    to_json,
)
from .model import Action, Column, ColumnType, Contract, UnknownFields


@dataclass(frozen=True)
class Violation:
    row: int
    column: str
    value: object
    reason: str
    action: Action

    def sentence(self) -> str:
        return f"{self.column} {self.reason}"


@dataclass(frozen=True)
class Checked:
    """Columns of all rows, which of them may be used, and every violation found."""

    columns: Columns
    accepted: NDArray[np.bool_]
    violations: tuple[Violation, ...]

    @property
    def refusals(self) -> tuple[Violation, ...]:
        return tuple(found for found in self.violations if found.action == "refuse")

    @property
    def warnings(self) -> tuple[Violation, ...]:
        return tuple(found for found in self.violations if found.action == "warn")


def check_rows(
    contract: Contract,
    rows: Sequence[Mapping[str, object]],
    specs: Sequence[Column] | None = None,
    *,
    unknown_fields: UnknownFields = "refuse",
) -> Checked:
    """Check rows as JSON or a CSV reader yields them.

    Args:
        contract: what the data should be.
        rows: one mapping a row.
        specs: the columns expected, by default those of a request.
        unknown_fields: what is done with fields that the contract does not know.
    """
    specs = contract.inputs if specs is None else specs
    found: list[Violation] = []
    if unknown_fields == "refuse":
        found += _unknown_fields(rows, {column.name for column in contract.columns})
    columns: Columns = {}
    for spec in specs:
        raw = [row.get(spec.name) for row in rows]
        columns[spec.name], bad = _typed(spec, raw)
        found += bad
    unreadable = {(violation.row, violation.column) for violation in found}
    found += [
        violation
        for violation in _constraint_violations(specs, columns)
        if (violation.row, violation.column) not in unreadable
    ]
    return _checked(columns, len(rows), found)


def check_columns(
    contract: Contract, columns: Columns, specs: Sequence[Column] | None = None
) -> Checked:
    """Check columns whose types are already right: nullability, ranges, categories."""
    specs = contract.inputs if specs is None else specs
    return _checked(columns, length(columns), _constraint_violations(specs, columns))


def _checked(columns: Columns, rows: int, found: list[Violation]) -> Checked:
    accepted = np.ones(rows, dtype=np.bool_)
    accepted[[violation.row for violation in found if violation.action == "refuse"]] = False
    return Checked(columns, accepted, tuple(sorted(found, key=lambda violation: violation.row)))


def _unknown_fields(rows: Sequence[Mapping[str, object]], known: set[str]) -> list[Violation]:
    return [
        Violation(number, name, row[name], reasons.UNKNOWN_FIELD, "refuse")
        for number, row in enumerate(rows)
        for name in row
        if name not in known
    ]


def _constraint_violations(specs: Sequence[Column], columns: Columns) -> list[Violation]:
    found: list[Violation] = []
    for spec in specs:
        values = columns[spec.name]
        if not spec.nullable and (absent := missing(values)).any():
            found += _at(spec, values, absent, reasons.MISSING, "refuse")
        if spec.range is not None:
            found += _outside(spec, values)
        if spec.categories is not None:
            # A set, because numpy would pad every text to the longest one.
            words = {None, *spec.categories.values}
            if not words.issuperset(values):
                unknown = np.array([value not in words for value in values], dtype=np.bool_)
                action = spec.categories.otherwise
                found += _at(spec, values, unknown, reasons.UNKNOWN_CATEGORY, action)
    return found


def _outside(spec: Column, values: Array) -> list[Violation]:
    assert spec.range is not None
    found: list[Violation] = []
    low, high = spec.range.minimum, spec.range.maximum
    with np.errstate(invalid="ignore"):
        if low is not None and (below := values < low).any():
            found += _at(spec, values, below, reasons.below(low), spec.range.otherwise)
        if high is not None and (above := values > high).any():
            found += _at(spec, values, above, reasons.above(high), spec.range.otherwise)
    return found


def _at(
    spec: Column, values: Array, mask: NDArray[np.bool_], reason: str, action: Action
) -> list[Violation]:
    return [
        Violation(int(row), spec.name, to_json(spec, values[row]), reason, action)
        for row in np.flatnonzero(mask)
    ]


def _typed(spec: Column, raw: Sequence[object]) -> tuple[Array, list[Violation]]:
    read = _READERS[spec.type]
    found: list[Violation] = []
    values: list[Any] = []
    for row, value in enumerate(raw):
        try:
            values.append(None if value is None else read(value))
        except (TypeError, ValueError, OverflowError):
            values.append(None)
            found.append(Violation(row, spec.name, value, reasons.unreadable(spec), "refuse"))
    if spec.type in ("category", "text"):
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array, found
    if spec.type == "datetime":
        empty = np.datetime64("NaT", "us")
        moments = [empty if value is None else value for value in values]
        return np.array(moments, dtype=DTYPES["datetime"]), found
    numbers = [np.nan if value is None else value for value in values]
    return np.array(numbers, dtype=np.float64), found


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
