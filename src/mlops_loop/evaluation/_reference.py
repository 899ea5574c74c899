"""The held-out rows with predictions as Parquet, the reference of monitoring.

The file is part of every bundle and of MLflow, where no erasure reaches it. So it holds neither ids
nor texts that no feature reads, and the values of a group become pseudonyms: what monitoring needs
of a group is which rows belong together.
"""

import io
from collections.abc import Callable, Collection

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .._predictor import Prediction
from ..contract import Column, Contract
from ..contract._arrow import to_arrow
from ..contract._columns import Array, Columns, missing
from ..contract._outputs import PREDICTION, probability_names

# The contract lists their values, so that they are no identifiers.
_LISTED = ("category", "boolean")
_EXACT = 2**53  # integers below fit into float64


def reference_file(contract: Contract, columns: Columns, prediction: Prediction) -> bytes:
    """Parquet: raw contract columns with the target, the prediction, its probabilities."""
    table = to_arrow(contract, columns)
    table = table.append_column(PREDICTION, pa.array(list(prediction.values)))
    if prediction.probabilities is not None:
        for code, name in enumerate(probability_names(contract.classes)):
            table = table.append_column(name, pa.array(prediction.probabilities[:, code]))
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def without_identifiers(
    contract: Contract,
    columns: Columns,
    *,
    read_by_features: Collection[str],
    pseudonym: Callable[[str], str],
) -> Columns:
    """The columns without ids and unused texts, and with pseudonyms for a group.

    Args:
        contract: roles and types of the columns.
        columns: the held-out rows.
        read_by_features: columns that a declared feature reads, which stay as they are.
        pseudonym: makes a pseudonym of a value.
    """
    kept = dict(columns)
    for column in contract.inputs:
        if column.name not in columns or column.name in read_by_features:
            continue
        if column.role == "group" and column.type not in _LISTED:
            kept[column.name] = _pseudonyms(column, columns[column.name], pseudonym)
        elif column.role == "id" or (column.type == "text" and column.role == "feature"):
            del kept[column.name]
    return kept


def _pseudonyms(column: Column, values: Array, pseudonym: Callable[[str], str]) -> Array:
    """Texts, or numbers for a group of numbers or dates."""
    present = ~missing(values)
    unique, inverse = np.unique(values[present], return_inverse=True)
    names = [pseudonym(str(value)) for value in unique]
    hidden = values.copy()
    if column.type == "text":
        hidden[present] = np.array(names, dtype=object)[inverse]
    else:
        numbers = np.array([int(name, 16) % _EXACT for name in names], dtype=np.int64)
        hidden[present] = numbers[inverse].astype(values.dtype)
    return hidden
