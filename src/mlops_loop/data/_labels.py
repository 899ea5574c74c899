"""Labels from a file."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa

from .._clock import Clock
from .._settings import Csv
from ..contract import Column, Contract
from ..contract._casting import check_table
from ..contract._columns import to_json
from ..errors import InputError, SourceError
from ..prediction_log import Label
from ._sources.file import PLAIN, column_names, find_files, fitting, read_batches

REQUIRED = ("prediction_id", "label")


def read_labels(
    path: Path, contract: Contract, clock: Clock, csv: Csv = PLAIN, authority: str = ""
) -> list[Label]:
    """Labels of a CSV or Parquet file with the columns `prediction_id` and `label`.

    Args:
        path: the file.
        contract: valid labels, and how texts are parsed.
        clock: the time of arrival.
        csv: format of text files; a plain one with commas is read as well.
        authority: who gives the labels.

    Raises:
        InputError: if a column is missing, or a label is no value of the contract's target.
    """
    table = _table(path, csv)
    target = contract.target
    checked = check_table(contract, pa.table({target.name: table["label"]}), [target])
    if checked.rejections:
        first = checked.rejections[0]
        raise InputError(
            f"{path}, row {first.row + 1}: the label {first.value!r} {first.reason}; "
            f"{len(checked.rejections)} rows are invalid and nothing was stored"
        )
    now: datetime = clock.now()
    values = checked.columns[target.name]
    identities = (str(value) for value in table["prediction_id"].to_pylist())
    return [
        Label(identity, to_json(target, value), now, authority)
        for identity, value in zip(identities, values, strict=True)
    ]


def _table(path: Path, csv: Csv) -> pa.Table:
    try:
        files = find_files(str(path), Path())
        csv = fitting(files[0], [Column(name=name, type="text") for name in REQUIRED], csv)
        names = column_names(files[0], csv)
        for name in REQUIRED:
            if name not in names:
                raise InputError(f"{path} has no column {name}: expected prediction_id and label")
        return pa.concat_tables(read_batches(files, csv=csv))
    except SourceError as error:
        raise InputError(str(error)) from error
