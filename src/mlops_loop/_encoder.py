"""The encoder: feature columns to one float32 matrix."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import repeat

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from ._datetime_parts import EPOCH, datetime_parts, reference_date
from ._feature_set import FeatureColumn
from ._formats import ENCODER
from .contract._columns import Columns, length

Matrix = NDArray[np.float32]

UNKNOWN = -1.0
# Sums of products of such numbers still fit into float32.
LARGEST = np.float32(1e18)


class _Stored(Struct, frozen=True):
    columns: tuple[FeatureColumn, ...]
    vocabularies: dict[str, tuple[str, ...]]
    references: dict[str, date]


@dataclass(frozen=True)
class Encoder:
    """Encodes feature columns; numbers stay as they are, categories become positions.

    A missing value is NaN, and a category that was not seen in training is -1. A datetime becomes
    its month, weekday and hour in UTC, and the days, with fractions, that have elapsed since a
    reference date in the middle of the training rows; for later dates the last number goes on
    growing. Numbers end at `LARGEST`, on either side of zero.

    Attributes:
        columns: the columns to encode, in order.
        vocabularies: categories by column, in the order of their positions.
        references: reference dates by column.
    """

    columns: tuple[FeatureColumn, ...]
    vocabularies: dict[str, tuple[str, ...]]
    references: dict[str, date] = field(default_factory=dict)
    _positions: dict[str, dict[str | None, float]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        positions = {
            name: {None: np.nan, **{value: float(i) for i, value in enumerate(words)}}
            for name, words in self.vocabularies.items()
        }
        object.__setattr__(self, "_positions", positions)

    @classmethod
    def fit(cls, specs: Sequence[FeatureColumn], columns: Columns) -> "Encoder":
        """Learn the vocabulary of each category, in sorted order, and the reference dates."""
        vocabularies = {
            spec.name: tuple(
                sorted({str(value) for value in columns[spec.name] if value is not None})
            )
            for spec in specs
            if spec.type == "category"
        }
        references = {
            spec.name: reference_date(columns[spec.name])
            for spec in specs
            if "elapsed_days" in spec.parts
        }
        return cls(tuple(specs), vocabularies, references)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the matrix columns, in order."""
        names: list[str] = []
        for spec in self.columns:
            names += [f"{spec.name}_{part}" for part in spec.parts] or [spec.name]
        return tuple(names)

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the matrix columns that hold category positions."""
        widths = [len(column.parts) or 1 for column in self.columns]
        starts = {column.name: sum(widths[:at]) for at, column in enumerate(self.columns)}
        return tuple(starts[name] for name in self.vocabularies)

    def encode(self, columns: Columns) -> Matrix:
        """Matrix of shape (rows, features), float32, row-major.

        Args:
            columns: arrays by name as in `contract/_columns.py`, features included.
        """
        matrix = np.empty((length(columns), len(self.names)), dtype=np.float32)
        with np.errstate(over="ignore"):
            self._fill(matrix, columns)
        # Models add and subtract: what is infinite for float32 would soon be no number at all.
        return np.minimum(np.maximum(matrix, -LARGEST, out=matrix), LARGEST, out=matrix)

    def _fill(self, matrix: Matrix, columns: Columns) -> None:
        at = 0
        for spec in self.columns:
            values = columns[spec.name]
            if spec.type == "category":
                position = self._positions[spec.name].get
                codes = map(position, values.tolist(), repeat(UNKNOWN))
                matrix[:, at] = np.fromiter(codes, np.float32, len(values))
            elif spec.type == "datetime":
                reference = self.references.get(spec.name, EPOCH)
                matrix[:, at : at + len(spec.parts)] = datetime_parts(values, spec.parts, reference)
                at += len(spec.parts) - 1
            else:
                matrix[:, at] = values
            at += 1

    def to_json(self) -> bytes:
        """A JSON object with `columns`, `vocabularies` and `references`."""
        stored = _Stored(self.columns, self.vocabularies, self.references)
        return ENCODER.encode(stored, indent=1)

    @classmethod
    def from_json(cls, content: str | bytes) -> "Encoder":
        """The encoder that `to_json` wrote.

        Raises:
            BundleError: if the format is not known, or the document is damaged.
        """
        stored = ENCODER.decode(content, _Stored, "encoder.json")
        return cls(stored.columns, stored.vocabularies, stored.references)
