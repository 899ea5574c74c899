"""What one block of rows becomes: a table of predictions, and one of refused rows."""

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
from ..contract._check import Checked
from ..contract._columns import Columns
from ..contract._outputs import probability_names
from ..data._quarantine import quarantine_rows
from .identifiers import prediction_ids

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Block:
    """Accepted rows with their predictions.

    Attributes:
        rows: positions in the input.
        ids: a prediction id for each.
        columns: the rows as the model saw them.
        keys: their id and time columns as they were given.
        warned: how many warnings each row has.
    """

    rows: Index
    ids: pa.Array
    columns: Columns
    keys: Columns
    prediction: Prediction
    warned: NDArray[np.intp]


@dataclass(frozen=True)
class Tables:
    """Makes them, for one contract and model, and the `job` that prediction ids are made from."""

    contract: Contract
    predictor: Predictor
    job: str
    hooks: PredictionHooks = PredictionHooks()

    def block(self, checked: Checked, columns: Columns, accepted: Index, offset: int) -> Block:
        """Predict the accepted rows of a block that begins at `offset` of the input."""
        rows = accepted + offset
        warned = np.bincount([one.row for one in checked.warnings], minlength=len(checked.accepted))
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
            "row": block.rows,
            "prediction_id": block.ids,
            "prediction": block.prediction.values,
            "model_version": pa.repeat(self.predictor.manifest.version, len(block.rows)),
            "warnings": block.warned,
        }
        if block.prediction.probabilities is not None:
            for code, name in enumerate(probability_names(self.predictor.manifest.classes)):
                own[name] = block.prediction.probabilities[:, code]
        keys = to_arrow(self.contract, block.keys)
        named = {_beside(own, name): keys[name] for name in keys.column_names}
        return pa.table({**own, **named}, schema=self.schema)

    def rejections(self, raw: pa.Table, checked: Checked, offset: int, origin: str) -> pa.Table:
        """Refused rows as texts, in the same columns whichever of them a file has."""
        reasons: dict[int, list[str]] = {}
        for one in checked.rejections:
            reasons.setdefault(one.row, []).append(one.summary())
        texts = ["; ".join(found) for found in reasons.values()]
        missing = pa.nulls(raw.num_rows, pa.string())
        present = set(raw.column_names)
        names = [column.name for column in table_columns(self.contract, target=False)]
        whole = pa.table({name: raw[name] if name in present else missing for name in names})
        return quarantine_rows(whole, list(reasons), texts, origin=origin, offset=offset)

    @cached_property
    def schema(self) -> pa.Schema:
        """Of `answers`."""
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
        keys = {_beside(own, column.name): ARROW_TYPES[column.type] for column in self._keys}
        first = [(name, own.pop(name)) for name in ("row", "prediction_id")]
        return pa.schema([*first, *keys.items(), *own.items()])

    @property
    def _keys(self) -> Sequence[Column]:
        found = (self.contract.id, self.contract.time)
        return [column for column in found if column is not None]


def _beside(own: Container[str], name: str) -> str:
    """The name of a contract column in the output, where a column of ours may have it already."""
    return f"{name}_" if name in own else name
