"""Logged rows of a month as arrays, and what the report says of them."""

from collections.abc import Sequence

import numpy as np

from ...contract import Column, Contract
from ...contract._check import check_rows
from ...contract._columns import Array, Columns, Floats
from ...evaluation._target import Labels, encode_target
from ...prediction_log import LoggedRow, Output

MOST_SHARES = 5


def columns_and_labels(contract: Contract, rows: Sequence[LoggedRow]) -> tuple[Columns, Labels]:
    columns = check_rows(contract, [row.record.columns for row in rows]).columns
    target = contract.target
    labels = [{target.name: row.label.label} for row in rows if row.label is not None]
    return columns, encode_target(contract, check_rows(contract, labels, [target]).columns)


def logged_scores(rows: Sequence[LoggedRow]) -> Floats:
    outputs = [served(row) for row in rows]
    return np.array(
        [output.probabilities or output.prediction for output in outputs], dtype=np.float64
    )


def served(row: LoggedRow) -> Output:
    return next(output for output in row.record.outputs if output.served)


def outcomes(contract: Contract, labels: Labels) -> dict[str, float]:
    """The labels of a month: the mean, or the share of each of a few classes."""
    if not contract.classes:
        return {titled(contract.target): mean(labels)}
    if not 2 < len(contract.classes) <= MOST_SHARES:
        return {}
    counts = np.bincount(labels.astype(np.int64), minlength=len(contract.classes))
    shares = counts / max(len(labels), 1)
    names = (str(label).replace("_", " ") for label in contract.classes)
    return {f"{name}, share": float(share) for name, share in zip(names, shares, strict=True)}


def titled(column: Column) -> str:
    name = column.name.replace("_", " ")
    return f"{name}, mean {column.unit}" if column.unit else f"mean {name}"


def mean(values: Array) -> float:
    return float(np.nanmean(values)) if not np.isnan(values).all() else 0.0
