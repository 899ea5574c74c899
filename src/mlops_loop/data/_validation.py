"""Validation of one table against the contract with pandera."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from ..contract import Column, Contract
from ..contract._arrow import from_arrow, table_columns
from ..contract._casting import read_table
from ..contract._check import columns_with_violations
from ..contract._messages import MISSING, unreadable


@dataclass(frozen=True)
class Validated:
    """A table in the contract's types, with the violations of each row.

    Attributes:
        table: all rows, also rejected ones.
        accepted: mask of the rows that may be used.
        violations: a frame with `row`, `column`, `reason`, `action`, one line a violation.
    """

    table: pa.Table
    accepted: NDArray[np.bool_]
    violations: pd.DataFrame

    def counts(self, action: str) -> dict[str, int]:
        """Number of rows by message, e.g. `distance is below 0`, the most frequent first."""
        lines = self.violations[self.violations["action"] == action]
        counted = messages(lines).value_counts()
        return {str(summary): int(rows) for summary, rows in counted.items()}

    def reasons(self) -> "pd.Series[str]":
        """The messages of each rejected row as one text, indexed by row."""
        refused = self.violations[self.violations["action"] == "reject"]
        return messages(refused).groupby(refused["row"]).agg("; ".join)


def validate(
    contract: Contract, raw: pa.Table, columns: Sequence[Column] | None = None
) -> Validated:
    """Cast a raw table to the contract's types, and validate it with pandera.

    Pandera only validates columns in which the columnar check finds a violation; for most tables it
    is not even imported.

    Args:
        contract: types and constraints of the columns.
        raw: a table of a source; values of an absent column are missing.
        columns: columns to validate, by default all but ignored ones.
    """
    columns = table_columns(contract) if columns is None else columns
    cast = read_table(columns, raw)
    suspects = columns_with_violations(columns, from_arrow(contract, cast.table))
    violations = _violations(contract, cast.table, suspects)
    parts = []
    for column in columns:
        mask = cast.unreadable.get(column.name)
        if mask is not None:
            # Null now, but not reported as missing.
            null = (violations["column"] == column.name) & (violations["reason"] == MISSING)
            violations = violations[~(null & violations["row"].isin(np.flatnonzero(mask)))]
            parts.append(_unreadable(column, mask))
    violations = pd.concat([violations, *parts], ignore_index=True).sort_values(
        "row", kind="stable"
    )
    accepted = np.ones(raw.num_rows, dtype=np.bool_)
    accepted[violations.loc[violations["action"] == "reject", "row"].to_numpy()] = False
    return Validated(cast.table, accepted, violations.reset_index(drop=True))


def _violations(contract: Contract, table: pa.Table, columns: Sequence[Column]) -> pd.DataFrame:
    if not columns:
        return _frame([], "", "", "")
    # Imported when needed, as it takes longer than most files.
    from ..contract._pandera_schema import find_violations

    return find_violations(contract, table, columns)


def messages(violations: pd.DataFrame) -> "pd.Series[str]":
    return violations["column"] + " " + violations["reason"]


def _unreadable(column: Column, mask: NDArray[np.bool_]) -> pd.DataFrame:
    return _frame(np.flatnonzero(mask), column.name, unreadable(column), "reject")


def _frame(rows: ArrayLike, column: str, reason: str, action: str) -> pd.DataFrame:
    columns = {"column": column, "reason": reason, "action": action}
    return pd.DataFrame({"row": np.asarray(rows, dtype=np.int64), **columns})
