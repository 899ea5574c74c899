"""The held-out rows with predictions as Parquet, the reference of monitoring."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from .._predictor import Prediction
from ..contract import Contract
from ..contract._arrow import to_arrow
from ..contract._columns import Columns
from ..contract._outputs import PREDICTION, probability_names


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
