"""Rows drawn from a contract, as JSON objects and as columns."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from ..contract._check import check_rows
from ..contract._columns import Columns, JsonValue, length
from ..contract._model import Contract
from ..contract._strategy import rows


def rows_of(
    contract: Contract, *, min_rows: int = 1, max_rows: int = 6
) -> st.SearchStrategy[list[dict[str, JsonValue]]]:
    """Hypothesis strategy: lists of rows that the contract accepts, as JSON objects.

    Values are within ranges and categories, and sometimes null if the column is nullable.

    Args:
        contract: usually `project.contract`.
        min_rows: smallest number of rows.
        max_rows: largest number of rows.

    Examples:
        >>> from hypothesis import given
        >>> from mlops_loop.contract import check_rows
        >>> @given(rows=rows_of(contract))
        ... def test_rows_are_accepted(rows):
        ...     assert check_rows(contract, rows).accepted.all()
    """
    return st.lists(rows(contract), min_size=min_rows, max_size=max_rows)


def columns_of(
    contract: Contract, *, min_rows: int = 2, max_rows: int = 6
) -> st.SearchStrategy[Columns]:
    """Hypothesis strategy: rows that the contract accepts, as columns for features and models.

    Args:
        contract: usually `project.contract`.
        min_rows: smallest number of rows.
        max_rows: largest number of rows.

    Examples:
        >>> from hypothesis import given
        >>> @given(columns=columns_of(contract))
        ... def test_features_are_row_wise(columns):
        ...     assert_row_wise(project.features, columns)
    """
    records = rows_of(contract, min_rows=min_rows, max_rows=max_rows)
    return records.map(lambda drawn: check_rows(contract, drawn).columns)


def with_values(columns: Columns, **values: Any) -> Columns:
    """The same rows with a constant value in some columns, e.g. for a directional test.

    Args:
        columns: the rows.
        values: a value for each column to change.

    Examples:
        >>> import numpy as np
        >>> with_values({"price": np.array([9.5, 3.0])}, price=1.0)["price"].tolist()
        [1.0, 1.0]

    Raises:
        KeyError: if there is no such column.
    """
    rows = length(columns)
    changed = {
        name: np.full(rows, value, dtype=columns[name].dtype) for name, value in values.items()
    }
    return columns | changed
