"""Tables of one block of rows: predictions, and rejected rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .._prediction_hooks import PredictionHooks
from .._predictor import Prediction, Predictor
from ..contract import Column, Contract
from ..contract._arrow import (
    ARROW_TYPES,
    arrow_schema,
    from_arrow,
    numbers,
    table_columns,
    to_arrow,
)
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
        named = {self._key_name(column): keys[column.name] for column in self._keys}
        return pa.table({**own, **named}, schema=self.schema)

    def placed(self, answers: pa.Table, offset: int) -> pa.Table:
        """Answers without ids, whose rows are counted from `offset` of the input."""
        rows = numbers(answers["row"]) + offset
        columns = {name: answers[name] for name in answers.column_names}
        columns |= {"row": pa.array(rows), "prediction_id": prediction_ids(self.job, rows - 1)}
        return pa.table(columns, schema=self.schema)

    def block_of(self, answers: pa.Table, inputs: pa.Table, offset: int) -> Block:
        """The block that became these answers; their rows are counted from `offset`.

        Args:
            answers: a table of `answers`.
            inputs: the columns that the model saw, as Arrow.
            offset: position of the first row in the input.
        """
        rows = numbers(answers["row"]) - 1 + offset
        names = probability_names(self.predictor.manifest.classes)
        scores = [numbers(answers[name]) for name in names]
        keys = {column.name: answers[self._key_name(column)] for column in self._keys}
        return Block(
            rows,
            prediction_ids(self.job, rows),
            from_arrow(self.contract, inputs),
            from_arrow(self.contract, pa.table(keys)),
            Prediction(
                answers["prediction"].to_pylist(), np.column_stack(scores) if scores else None
            ),
            numbers(answers["warnings"]),
        )

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
        own = self._own_types
        keys = {self._key_name(column): ARROW_TYPES[column.type] for column in self._keys}
        first = {name: own[name] for name in ("row", "prediction_id")}
        return pa.schema((first | keys | own).items())

    @property
    def inputs_schema(self) -> pa.Schema:
        """Schema of the columns that the model sees."""
        return arrow_schema(self.contract, target=False)

    @cached_property
    def _own_types(self) -> dict[str, pa.DataType]:
        """Types of the columns that are not of the contract."""
        regression = self.contract.problem == "regression"
        return {
            "row": pa.int64(),
            "prediction_id": pa.string(),
            "prediction": pa.float64() if regression else ARROW_TYPES[self.contract.target.type],
            **dict.fromkeys(probability_names(self.predictor.manifest.classes), pa.float64()),
            "model_version": pa.string(),
            "warnings": pa.int32(),
        }

    @property
    def _keys(self) -> Sequence[Column]:
        candidates = (self.contract.id, self.contract.time)
        return [column for column in candidates if column is not None]

    def _key_name(self, column: Column) -> str:
        """Name of a contract column in the output, where a column may have the same name."""
        return f"{column.name}_" if column.name in self._own_types else column.name
