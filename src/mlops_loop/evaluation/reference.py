"""The held-out rows with predictions as Parquet, the reference of monitoring."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from ..contract import Contract
from ..contract.arrow import to_arrow
from ..contract.columns import Columns
from ..contract.outputs import PREDICTION, probability_names
from ..predictor import Prediction


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
