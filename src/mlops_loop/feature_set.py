"""Declared features: pure, row-wise functions of columns, the same for one row and ten million."""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from .code_digest import module_digest
from .contract.model import Contract
from .errors import ContractError, SettingsError
from .formats import ENCODER

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
    """The features of a project, declared as functions of columns.

    A feature is a pure, row-wise function: it gets one array of shape (rows,) for each input and
    returns one of the same length (types as in `mlops_loop.contract.Columns`). The same function
    runs in training, in batch scoring and online.

    Attributes:
        module: `__name__` of the module that declares them. The code of this module and of the
            modules of the same package that it imports is part of the digest.

    Examples:
        >>> FEATURES = FeatureSet(__name__)
        >>> @FEATURES.feature(inputs=("width", "height"), output="number")
        ... def area(width, height):
        ...     return width * height
        >>> list(FEATURES.declared)
        ['area']
    """

    module: str = ""
    declared: dict[str, _Declared] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """Digest of the code of the features, and of the encoder's format.

        Processes with the same digest encode a row as the same numbers; a published version serves
        only with features of this digest. Comments and formatting do not change it.
        """
        code = module_digest(self.module) if self.module else ""
        parts = [str(ENCODER.number), code, *self.declared]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def feature(
        self, *, inputs: tuple[str, ...], output: FeatureType, calendar: bool = False
    ) -> Callable[[FeatureFunction], FeatureFunction]:
        """Declare a function as a feature named like the function.

        Args:
            inputs: names of contract columns, passed as arrays in this order.
            output: type of the returned array.
            calendar: whether it depends on the date alone; it is then left out of drift checks.
        """

        def declare(function: FeatureFunction) -> FeatureFunction:
            column = FeatureColumn(function.__name__, output, calendar)
            self.declared[column.name] = _Declared(column, inputs, function)
            return function

        return declare

    def without(self, names: Collection[str]) -> "FeatureSet":
        """The features without some of them.

        Raises:
            SettingsError: if there is no such feature.
        """
        if unknown := [name for name in names if name not in self.declared]:
            known = ", ".join(self.declared) or "none"
            raise SettingsError(
                f"features.disabled: unknown feature {unknown[0]!r} (declared: {known})"
            )
        others = {name: item for name, item in self.declared.items() if name not in names}
        return FeatureSet(self.module, others)

    def columns(self, contract: Contract) -> tuple[FeatureColumn, ...]:
        """All columns of the model: the contract's features, then the declared ones.

        Raises:
            ContractError: if a feature needs a column that is not part of a request.
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
                    "which is not an input column of config/contract.yaml"
                )
        return plain + tuple(feature.column for feature in self.declared.values())

    def apply(self, columns: "Columns") -> "Columns":
        """The input columns and the declared features, arrays of the same length."""
        computed = {
            name: feature.function(*(columns[source] for source in feature.inputs))
            for name, feature in self.declared.items()
        }
        return {**columns, **computed}
