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
    """The features that one module declares, in the order of the file.

    Attributes:
        module: name of the module that declares them, `__name__` there. It and the modules of the
            same package that it imports make up the digest.

    Example:
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
        """Digest of the code behind the features, and of the encoder's format.

        Two processes that agree on it turn the same row into the same numbers; a published
        version serves only where its features have this digest. Comments and layout do not count.
        """
        code = module_digest(self.module) if self.module else ""
        parts = [str(ENCODER.number), code, *self.declared]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

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

    def without(self, names: Collection[str]) -> "FeatureSet":
        """The same features but for some.

        Raises:
            SettingsError: if there is no feature of such a name.
        """
        if unknown := [name for name in names if name not in self.declared]:
            known = ", ".join(self.declared) or "none"
            raise SettingsError(
                f"features.disabled: there is no feature {unknown[0]!r}; declared are: {known}"
            )
        kept = {name: made for name, made in self.declared.items() if name not in names}
        return FeatureSet(self.module, kept)

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
