"""The target as numbers: the codes of its classes, or the value itself."""

import numpy as np
from numpy.typing import NDArray

from ..contract._columns import Columns
from ..contract._model import Contract
from ..errors import ContractError

Labels = NDArray[np.int64] | NDArray[np.float64]


def encode_target(contract: Contract, columns: Columns) -> Labels:
    """Class codes of shape (rows,) in the order of `contract.classes`, or floats for regression.

    Raises:
        ContractError: if a row has no target, or a class that the contract does not list.
    """
    name = contract.target.name
    values = columns[name]
    if contract.problem == "regression":
        codes = values.astype(np.float64)
        bad = np.flatnonzero(np.isnan(codes))
    else:
        words = [_word(value) for value in contract.classes]
        position = {word: code for code, word in enumerate(words)}
        codes = np.array([position.get(_word(value), np.nan) for value in values.tolist()])
        bad = np.flatnonzero(np.isnan(codes))
        codes = np.where(np.isnan(codes), -1, codes).astype(np.int64)
    if bad.size:
        raise ContractError(
            f"the target {name} is {values[bad[0]]!r} in {bad.size} rows: "
            "run `ingest` again, which quarantines these rows"
        )
    return codes


def _word(value: object) -> str:
    """The same text for a class given as 1.0, 1, True or "1"."""
    if isinstance(value, bool | int | float):
        return f"{float(value):g}"
    return str(value)
