"""Rows drawn from a contract, as JSON objects and as columns."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from ..contract.check import check_rows
from ..contract.columns import Columns, JsonValue, length
from ..contract.model import Contract
from ..contract.strategy import rows


def rows_of(
    contract: Contract, *, min_rows: int = 1, max_rows: int = 6
) -> st.SearchStrategy[list[dict[str, JsonValue]]]:
    """Hypothesis strategy: lists of rows that the contract accepts, as in a request.

    Values lie within ranges and categories, and are null now and then where the column is nullable.
    """
    return st.lists(rows(contract), min_size=min_rows, max_size=max_rows)


def columns_of(
    contract: Contract, *, min_rows: int = 2, max_rows: int = 6
) -> st.SearchStrategy[Columns]:
    """Hypothesis strategy: the same rows as columns, which is what features and models get.

    See `mlops_loop.contract.columns` for the array types.
    """
    records = rows_of(contract, min_rows=min_rows, max_rows=max_rows)
    return records.map(lambda drawn: check_rows(contract, drawn).columns)


def with_values(columns: Columns, **values: Any) -> Columns:
    """The same rows with one value for all of them in some columns.

    Example:
        >>> import numpy as np
        >>> with_values({"price": np.array([9.5, 3.0])}, price=1.0)["price"].tolist()
        [1.0, 1.0]

    Raises:
        KeyError: if there is no column of such a name.
    """
    rows = length(columns)
    changed = {
        name: np.full(rows, value, dtype=columns[name].dtype) for name, value in values.items()
    }
    return columns | changed
