"""A stable hash of each row in [0, 1)."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from ..contract import Column, Contract
from ..contract._columns import Array, Columns, length, missing

Hashes = NDArray[np.uint64]


def hash_rows(contract: Contract, columns: Columns, salt: str) -> NDArray[np.float64]:
    """Uniform numbers, the same for equal rows on every platform and in every version.

    Of the group if there is one, else of the id, else of all input columns; never of the target, so
    that a corrected label does not move a row.

    Args:
        contract: roles of the columns.
        columns: arrays by name, all of the same length.
        salt: another salt gives independent numbers.
    """
    hashes = np.full(length(columns), _word(salt), dtype=np.uint64)
    for column in _deciding(contract):
        hashes = mix(hashes ^ _bits(columns[column.name]))
    return (hashes >> np.uint64(11)).astype(np.float64) / 2.0**53


def _deciding(contract: Contract) -> tuple[Column, ...]:
    if contract.group is not None:
        return (contract.group,)
    return (contract.id,) if contract.id is not None else contract.inputs


def _bits(values: Array) -> Hashes:
    if values.dtype == object:
        words = {word: _word(word) for word in set(values.tolist()) if word is not None}
        return np.array([words.get(value, 0) for value in values.tolist()], dtype=np.uint64)
    if values.dtype.kind == "M":
        return values.astype(np.int64).view(np.uint64)
    # NaN and zero have several representations.
    numbers = np.where(missing(values), np.nan, values.astype(np.float64)) + 0.0
    return numbers.view(np.uint64)


def _word(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def mix(values: Hashes) -> Hashes:
    """The finaliser of splitmix64: every bit of the input moves every bit of the output."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
