"""Records scored rows in the prediction log, like single requests."""

from dataclasses import dataclass
from datetime import datetime

from .._clock import Clock
from ..contract._arrow import table_columns
from ..contract._columns import JsonValue, to_rows
from ..contract._model import Contract
from ..prediction_log import Output, PredictionLog, Record
from .tables import Block

# Rows that are Python objects at a time, and rows per commit.
ROWS = 2_000


@dataclass(frozen=True)
class Recording:
    """Appends blocks to the log; idempotent, because known ids are skipped."""

    log: PredictionLog
    contract: Contract
    clock: Clock
    version: str

    def append(self, block: Block) -> None:
        """Log a block; durable on return.

        Raises:
            StoreError: if the log rejects it.
        """
        for start in range(0, len(block.rows), ROWS):
            self.log.append(self._records(block, slice(start, start + ROWS))).result()

    def _records(self, block: Block, part: slice) -> list[Record]:
        now = self.clock.now()
        columns = {name: values[part] for name, values in block.columns.items()}
        keys = {name: values[part] for name, values in block.keys.items()}
        rows = to_rows(table_columns(self.contract, target=False), columns)
        key_rows = to_rows(self.contract.columns, keys) if keys else [{}] * len(rows)
        ids = block.ids[part].to_pylist()
        values = block.prediction.values[part]
        scores = block.prediction.probabilities
        listed = [None] * len(ids) if scores is None else scores[part].tolist()
        digests = self.contract.schema_digest, self.contract.target_digest
        records = []
        parts = zip(ids, rows, key_rows, values, listed, strict=True)
        for own, row, key, value, probabilities in parts:
            output = Output(self.version, "champion", True, value, probabilities)
            moment, entity = self._moment(key, now), self._entity(key)
            records.append(Record(own, entity, moment, now, row, (output,), *digests))
        return records

    def _entity(self, row: dict[str, JsonValue]) -> str | None:
        value = None if self.contract.id is None else row[self.contract.id.name]
        return None if value is None else str(value)

    def _moment(self, row: dict[str, JsonValue], now: datetime) -> datetime:
        text = None if self.contract.time is None else row[self.contract.time.name]
        return now if text is None else datetime.fromisoformat(str(text))
