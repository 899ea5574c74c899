"""Declared features: pure, row-wise functions of columns, the same for one row and ten million."""

import hashlib
import io
import tokenize
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from .contract.model import Contract
from .errors import ContractError

if TYPE_CHECKING:  # the digest alone does without numpy
    from .contract.columns import Array, Columns

FeatureType = Literal["number", "category", "boolean", "datetime"]
FeatureFunction: TypeAlias = "Callable[..., Array]"


@dataclass(frozen=True)
class FeatureColumn:
    """One column that the encoder reads; `calendar` ones are left out of drift."""

    name: str
    type: str
    calendar: bool = False


@dataclass(frozen=True)
class _Declared:
    column: FeatureColumn
    inputs: tuple[str, ...]
    function: FeatureFunction


@dataclass
class FeatureSet:
    """The features that one module declares, in the order of the file."""

    declared: dict[str, _Declared] = field(default_factory=dict)

    def feature(
        self, *, inputs: tuple[str, ...], output: FeatureType, calendar: bool = False
    ) -> Callable[[FeatureFunction], FeatureFunction]:
        """Declare a function as a feature named like the function.

        Args:
            inputs: contract columns, handed over as arrays in this order.
            output: type of the array returned, one entry a row.
            calendar: whether it follows from the date alone, and so drifts every season.
        """

        def declare(function: FeatureFunction) -> FeatureFunction:
            column = FeatureColumn(function.__name__, output, calendar)
            self.declared[column.name] = _Declared(column, inputs, function)
            return function

        return declare

    def columns(self, contract: Contract) -> tuple[FeatureColumn, ...]:
        """Every column the model sees: the contract's features, then the declared ones.

        Raises:
            ContractError: if a feature needs a column that no request carries.
        """
        plain = tuple(
            FeatureColumn(column.name, column.type, calendar=column.type == "datetime")
            for column in contract.features
            if column.type != "text"
        )
        inputs = {column.name for column in contract.inputs}
        for feature in self.declared.values():
            unknown = [name for name in feature.inputs if name not in inputs]
            if unknown:
                raise ContractError(
                    f"the feature {feature.column.name} in features.py needs {unknown[0]!r}, "
                    "which is no input column of config/contract.yaml"
                )
        return plain + tuple(feature.column for feature in self.declared.values())

    def apply(self, columns: "Columns") -> "Columns":
        """Input columns together with the declared features; arrays keep their length."""
        made = {
            name: feature.function(*(columns[source] for source in feature.inputs))
            for name, feature in self.declared.items()
        }
        return {**columns, **made}


@cache
def load_features() -> FeatureSet:
    """The features of `features.py`."""
    features: FeatureSet = import_module(".features", __package__).FEATURES
    return features


@cache
def features_digest() -> str:
    """Digest of the features' code by its tokens, so that comments and layout do not count.

    Two services whose features compute the same way agree on it; it names the entry of the
    published pointer that a service may take.
    """
    with tokenize.open(Path(__file__).with_name("features.py")) as source:
        return source_digest(source.read())


def source_digest(source: str) -> str:
    """Digest of Python source that ignores comments and layout, equal on every supported Python."""
    digest = hashlib.sha256()
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
    structure = {tokenize.NEWLINE: "newline", tokenize.INDENT: "indent", tokenize.DEDENT: "dedent"}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in layout:
            digest.update(structure.get(token.type, token.string).encode() + b"\0")
    return digest.hexdigest()[:16]
