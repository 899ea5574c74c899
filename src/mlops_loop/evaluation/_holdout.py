"""The held-out rows."""

from dataclasses import dataclass

from .._encoder import Encoder, Matrix
from .._feature_set import FeatureSet
from ..contract import Contract
from ..contract._columns import Columns
from ._target import Labels, encode_target


@dataclass(frozen=True)
class Holdout:
    """Held-out rows, for the parity check and the gate; functions that fit do not accept it.

    Attributes:
        columns: raw columns by name, target included.
        matrix: the encoded features, shape (rows, features).
        labels: class codes or values, shape (rows,); for the gate only.
    """

    columns: Columns
    matrix: Matrix
    labels: Labels

    @classmethod
    def of(
        cls, contract: Contract, columns: Columns, features: FeatureSet, encoder: Encoder
    ) -> "Holdout":
        """Held-out rows, encoded."""
        matrix = encoder.encode(features.apply(columns))
        return cls(columns, matrix, encode_target(contract, columns))
