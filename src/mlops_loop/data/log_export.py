"""Export of the prediction log to Parquet: one row for each output of a version."""

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet

from ..atomic import atomic_write
from ..contract import Contract
from ..contract.arrow import to_arrow
from ..contract.check import check_rows
from ..prediction_log import LoggedRow, PredictionLog

BATCH_ROWS = 20_000
_MOMENT = pa.timestamp("us", tz="UTC")
_OWN = pa.schema(
    [
        ("prediction_id", pa.string()),
        ("entity_key", pa.string()),
        ("event_time", _MOMENT),
        ("arrival_time", _MOMENT),
        ("model_version", pa.string()),
        ("variant", pa.string()),
        ("served", pa.bool_()),
        ("prediction", pa.string()),
        ("probabilities", pa.list_(pa.float64())),
        ("label", pa.string()),
    ]
)


def export_log(
    log: PredictionLog,
    contract: Contract,
    target: Path,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    labelled: Literal[True] | None = None,
    version: str | None = None,
) -> int:
    """Write an interval of the log, or its labelled rows, to a file, and sync it.

    With a version, only rows that it predicted, with all their outputs.

    The file appears complete or not at all. Predictions and labels are written as JSON values, in
    one text column whatever the problem.

    Returns:
        Number of predictions.
    """
    rows = log.rows(since, until, labelled=labelled, version=version)
    count = 0
    schema = _table([], contract).schema
    with atomic_write(target) as draft, pyarrow.parquet.ParquetWriter(draft, schema) as writer:
        while block := list(islice(rows, BATCH_ROWS)):
            count += len(block)
            writer.write_table(_table(block, contract))
    return count


def _table(block: Sequence[LoggedRow], contract: Contract) -> pa.Table:
    columns = check_rows(contract, [row.record.columns for row in block]).columns
    inputs = to_arrow(contract, columns)
    own = [_outputs(row) for row in block]
    position = [at for at, outputs in enumerate(own) for _ in outputs]
    table = pa.Table.from_pylist([line for outputs in own for line in outputs], schema=_OWN)
    for name in inputs.column_names:
        if name not in _OWN.names:
            table = table.append_column(
                inputs.schema.field(name), inputs[name].take(pa.array(position, pa.int64()))
            )
    return table


def _outputs(row: LoggedRow) -> list[dict[str, Any]]:
    record = row.record
    return [
        {
            "prediction_id": record.prediction_id,
            "entity_key": record.entity_key,
            "event_time": record.event_time,
            "arrival_time": record.arrival_time,
            "model_version": output.version,
            "variant": output.variant,
            "served": output.served,
            "prediction": json.dumps(output.prediction),
            "probabilities": output.probabilities,
            "label": None if row.label is None else json.dumps(row.label.label),
        }
        for output in record.outputs
    ]
