"""Outcomes that arrive as a file."""

from datetime import datetime
from pathlib import Path

from ..clock import Clock
from ..contract import Contract
from ..contract.check import check_rows
from ..contract.columns import to_json
from ..errors import InputError
from ..prediction_log import Label
from .tables import read_table

REQUIRED = ("prediction_id", "label")


def read_labels(path: Path, contract: Contract, clock: Clock) -> list[Label]:
    """Labels of a CSV or Parquet file with the columns `prediction_id` and `label`.

    Raises:
        InputError: if a column is missing, or a label is no value of the contract's target.
    """
    table = read_table(path)
    lacking = [name for name in REQUIRED if name not in table.column_names]
    if lacking:
        raise InputError(f"{path} lacks the column {lacking[0]}: it needs prediction_id and label")
    target = contract.target
    labels = [_parsed(value, target.type) for value in table["label"].to_pylist()]
    checked = check_rows(contract, [{target.name: label} for label in labels], [target])
    if checked.refusals:
        first = checked.refusals[0]
        raise InputError(
            f"{path}, row {first.row + 1}: the label {first.value!r} {first.reason}; "
            f"{len(checked.refusals)} rows are wrong and nothing was stored"
        )
    now: datetime = clock.now()
    values = checked.columns[target.name]
    identities = (str(value) for value in table["prediction_id"].to_pylist())
    return [
        Label(identity, to_json(target, value), now)
        for identity, value in zip(identities, values, strict=True)
    ]


def _parsed(value: object, wanted: str) -> object:
    """Booleans and numbers as a CSV file spells them."""
    if not isinstance(value, str):
        return str(value) if wanted in ("category", "text") and value is not None else value
    if wanted == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), value)
    return value
