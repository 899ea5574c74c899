"""Export of the prediction log to CSV or Parquet: one row for each output of a version."""

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from .._atomic import atomic_write
from ..contract import Contract
from ..contract._arrow import to_arrow
from ..contract._check import check_rows
from ..prediction_log import LoggedRow, PredictionLog
from ._table_file import is_csv, require_table_suffix, table_writer

BATCH_ROWS = 20_000
_MOMENT = pa.timestamp("us", tz="UTC")
_OWN = pa.schema(
    [
        ("prediction_id", pa.string()),
        ("entity_key", pa.string()),
        ("event_time", _MOMENT),
        ("arrival_time", _MOMENT),
        ("prediction_caller", pa.string()),
        ("model_version", pa.string()),
        ("variant", pa.string()),
        ("served", pa.bool_()),
        ("prediction", pa.string()),
        ("probabilities", pa.list_(pa.float64())),
        ("label", pa.string()),
        ("label_authority", pa.string()),
        ("label_replaced", pa.string()),
        ("label_replaced_authority", pa.string()),
    ]
)


def export_log(
    log: PredictionLog,
    contract: Contract,
    target: Path,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    labelled: bool = False,
    version: str | None = None,
) -> int:
    """Write an interval of the log, or its labelled rows, to a CSV or Parquet file, and sync it.

    With a version, only rows that it predicted, with all their outputs.

    The file appears complete or not at all. Predictions and labels are written as JSON values, in
    one text column whatever the problem; so are the probabilities in CSV, which has no lists.

    Returns:
        Number of predictions.

    Raises:
        InputError: if the file's name does not end in .csv or .parquet.
    """
    require_table_suffix(target)
    csv = is_csv(target)
    rows = log.rows(since, until, labelled=labelled, version=version)
    count = 0
    schema = _table([], contract, lists=not csv).schema
    with atomic_write(target) as draft, table_writer(draft, schema, csv=csv) as writer:
        while block := list(islice(rows, BATCH_ROWS)):
            count += len(block)
            writer.write_table(_table(block, contract, lists=not csv))
    return count


def _table(block: Sequence[LoggedRow], contract: Contract, *, lists: bool) -> pa.Table:
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
    return table if lists else _with_text(table, "probabilities")


def _with_text(table: pa.Table, name: str) -> pa.Table:
    """The table with a column of lists as JSON."""
    values = table[name].to_pylist()
    texts = [None if value is None else json.dumps(value) for value in values]
    column = pa.array(texts, pa.string())
    return table.set_column(table.column_names.index(name), name, column)


def _outputs(row: LoggedRow) -> list[dict[str, Any]]:
    record, label = row.record, row.label
    replaced = label.replaced if label else None
    return [
        {
            "prediction_id": record.prediction_id,
            "entity_key": record.entity_key,
            "event_time": record.event_time,
            "arrival_time": record.arrival_time,
            "prediction_caller": record.caller,
            "model_version": output.version,
            "variant": output.variant,
            "served": output.served,
            "prediction": json.dumps(output.prediction),
            "probabilities": output.probabilities,
            "label": None if label is None else json.dumps(label.label),
            "label_authority": None if label is None else label.authority,
            "label_replaced": None if replaced is None else json.dumps(replaced.label),
            "label_replaced_authority": None if replaced is None else replaced.authority,
        }
        for output in record.outputs
    ]
