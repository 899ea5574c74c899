"""Tables of one block of rows: predictions, and rejected rows."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .._prediction_hooks import PredictionHooks
from .._predictor import Prediction, Predictor
from ..contract import Column, Contract
from ..contract._arrow import ARROW_TYPES, table_columns, to_arrow
from ..contract._columns import Columns
from ..contract._outputs import probability_names
from ..contract._violations import Checked
from ..data._quarantine import quarantine_rows
from .identifiers import prediction_ids

Index = NDArray[np.intp]
# Text of a row that could not be split into values.
RAW = "raw"


@dataclass(frozen=True)
class Block:
    """Accepted rows with their predictions.

    Attributes:
        rows: positions in the input.
        ids: prediction ids.
        columns: the rows as passed to the model.
        keys: their id and time columns, as in the input.
        warned: number of warnings of each row.
    """

    rows: Index
    ids: pa.Array
    columns: Columns
    keys: Columns
    prediction: Prediction
    warned: NDArray[np.intp]


@dataclass(frozen=True)
class Tables:
    """Builds the tables of one job; `job` is the input of the prediction ids."""

    contract: Contract
    predictor: Predictor
    job: str
    hooks: PredictionHooks = PredictionHooks()

    def block(self, checked: Checked, columns: Columns, accepted: Index, offset: int) -> Block:
        """Predict the accepted rows of a block that starts at `offset` of the input."""
        rows = accepted + offset
        warned = np.bincount(
            [warning.row for warning in checked.warnings], minlength=len(checked.accepted)
        )
        prepared = self.hooks.prepare(columns)
        return Block(
            rows,
            prediction_ids(self.job, rows),
            prepared,
            {column.name: columns[column.name] for column in self._keys},
            self.predictor.predict(prepared),
            warned[accepted],
        )

    def answers(self, block: Block) -> pa.Table:
        own: dict[str, Any] = {
            "row": block.rows + 1,
            "prediction_id": block.ids,
            "prediction": block.prediction.values,
            "model_version": pa.repeat(self.predictor.manifest.version, len(block.rows)),
            "warnings": block.warned,
        }
        if block.prediction.probabilities is not None:
            for code, name in enumerate(probability_names(self.predictor.manifest.classes)):
                own[name] = block.prediction.probabilities[:, code]
        keys = to_arrow(self.contract, block.keys)
        named = {_unique_name(own, name): keys[name] for name in keys.column_names}
        return pa.table({**own, **named}, schema=self.schema)

    def rejections(self, raw: pa.Table, checked: Checked, offset: int, origin: str) -> pa.Table:
        """Rejected rows as texts, with all columns of the contract.

        The column `raw` has the text of rows that could not be split into values.
        """
        reasons: dict[int, list[str]] = {}
        for violation in checked.rejections:
            reasons.setdefault(violation.row, []).append(violation.summary())
        texts = ["; ".join(messages) for messages in reasons.values()]
        missing = pa.nulls(raw.num_rows, pa.string())
        present = set(raw.column_names)
        names = [column.name for column in table_columns(self.contract, target=False)]
        columns = {name: raw[name] if name in present else missing for name in names}
        name = RAW if RAW not in columns else f"{RAW}_"
        columns[name] = raw[RAW] if raw.column_names == [RAW] and not checked.columns else missing
        table = pa.table(columns)
        positions = np.arange(offset, offset + raw.num_rows)
        return quarantine_rows(table, list(reasons), texts, origin=origin, positions=positions)

    @cached_property
    def schema(self) -> pa.Schema:
        """Schema of `answers`."""
        regression = self.contract.problem == "regression"
        kind = pa.float64() if regression else ARROW_TYPES[self.contract.target.type]
        own = {
            "row": pa.int64(),
            "prediction_id": pa.string(),
            "prediction": kind,
            **dict.fromkeys(probability_names(self.predictor.manifest.classes), pa.float64()),
            "model_version": pa.string(),
            "warnings": pa.int32(),
        }
        keys = {_unique_name(own, column.name): ARROW_TYPES[column.type] for column in self._keys}
        first = [(name, own.pop(name)) for name in ("row", "prediction_id")]
        return pa.schema([*first, *keys.items(), *own.items()])

    @property
    def _keys(self) -> Sequence[Column]:
        candidates = (self.contract.id, self.contract.time)
        return [column for column in candidates if column is not None]


def _unique_name(own: Container[str], name: str) -> str:
    """Name of a contract column in the output, where an output column may have the same name."""
    return f"{name}_" if name in own else name
