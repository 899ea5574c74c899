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
from ._sources.file import PLAIN, column_names, fitting, read_batches
from ._sources.file_discovery import find_files
from ._sources.row_locations import Places
from ._sources.types import in_common_types

ID, LABEL = "prediction_id", "label"


def read_labels(
    path: Path, contract: Contract, clock: Clock, csv: Csv = PLAIN, authority: str = ""
) -> list[Label]:
    """Official labels of a CSV or Parquet file with the columns `prediction_id` and `label`.

    Args:
        path: the file.
        contract: valid labels, and how texts are parsed.
        clock: the time of arrival.
        csv: format of text files; a plain one with commas is read as well.
        authority: who gives the labels.

    Raises:
        InputError: if a column is missing, or a label is no value of the contract's target.
    """
    target = contract.target
    table, places = _table(path, target, csv)
    checked = check_table(contract, pa.table({target.name: table[LABEL]}), [target])
    if checked.rejections:
        first = checked.rejections[0]
        raise InputError(
            f"{places.of([first.row])[0]}: the label {first.value!r} {first.reason}; "
            f"{len(checked.rejections)} rows are invalid and nothing was stored"
        )
    now: datetime = clock.now()
    values = checked.columns[target.name]
    identities = (str(value) for value in table[ID].to_pylist())
    return [
        Label(identity, to_json(target, value), now, authority, official=True)
        for identity, value in zip(identities, values, strict=True)
    ]


def _table(path: Path, target: Column, csv: Csv) -> tuple[pa.Table, Places]:
    label = Column(name=LABEL, type=target.type, parsing=target.parsing)
    columns = [Column(name=ID, type="text"), label]
    places = Places()
    try:
        files = find_files(str(path), Path())
        names = column_names(files[0], fitting(files[0], columns, csv))
        for name in (ID, LABEL):
            if name not in names:
                raise InputError(f"{path} has no column {name}: expected {ID} and {LABEL}")
        batches = [*read_batches(files, columns, csv=csv, places=places)]
        table = pa.concat_tables(in_common_types(batches))
    except SourceError as error:
        raise InputError(str(error)) from error
    if table[ID].null_count:
        row = table[ID].is_null().to_pylist().index(True)
        raise InputError(f"{places.of([row])[0]}: no {ID}; nothing was stored")
    return table, places
