"""Values that violate the contract, and the result of a check."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._column_definition import Action
from ._columns import Columns


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


class Violations:
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
