"""The check of rows against the contract: every violation of every row, with its reason.

Batch scoring and ingestion use it. The decoder of the service, `_decoder.py`, comes here only with
rows that its own struct (`_row_struct.py`) rejects or has doubts about; both agree on every row.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from . import _messages as messages
from ._column_definition import Action, Column
from ._columns import Array, Columns, length, missing, to_json
from ._model import Contract, UnknownFields
from ._typed_values import typed_values
from ._violations import Checked, Violation, Violations


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
    violations = Violations(len(rows), max_listed)
    if unknown_fields == "reject":
        _add_unknown_fields(violations, rows, {column.name for column in contract.columns})
    columns: Columns = {}
    for spec in specs:
        raw = [row.get(spec.name) for row in rows]
        columns[spec.name], unreadable = typed_values(spec, raw)
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
    violations = Violations(length(columns))
    readable = np.ones(length(columns), dtype=np.bool_)
    for spec in specs:
        _add_constraint_violations(violations, spec, columns[spec.name], readable)
    return violations.checked(columns)


def _add_unknown_fields(
    violations: Violations, rows: Sequence[Mapping[str, object]], known: set[str]
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
    violations: Violations, spec: Column, values: Array, readable: NDArray[np.bool_]
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
