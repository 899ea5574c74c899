"""Declared features: pure, row-wise functions of columns, the same for one row and ten million."""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from ._code_digest import module_digest
from ._formats import ENCODER
from ._nearest_name import nearest_name
from ._project_code import code_error, describe
from .contract._model import Contract
from .errors import ContractError, ProjectCodeError, SettingsError

if TYPE_CHECKING:  # the digest alone does without numpy
    from .contract._columns import Array, Columns

FeatureType = Literal["number", "category", "boolean", "datetime"]
DatetimePart = Literal["month", "weekday", "hour", "elapsed_days"]
DATETIME_PARTS: tuple[DatetimePart, ...] = ("month", "weekday", "hour", "elapsed_days")
FeatureFunction: TypeAlias = "Callable[..., Array]"
# Kinds of NumPy types by declared output.
_KINDS = {"number": "fiub", "boolean": "fiub", "category": "O", "datetime": "M"}
# Rows that are computed a second time, without the others.
_PROBED_ROWS = 16


@dataclass(frozen=True)
class FeatureColumn:
    """One column that the encoder reads; `calendar` ones are left out of drift.

    Attributes:
        parts: numbers that a datetime becomes, by default all; no other column has any.
    """

    name: str
    type: str
    calendar: bool = False
    parts: tuple[DatetimePart, ...] = ()

    def __post_init__(self) -> None:
        if self.type == "datetime" and not self.parts:
            object.__setattr__(self, "parts", DATETIME_PARTS)


@dataclass(frozen=True)
class _Declared:
    column: FeatureColumn
    inputs: tuple[str, ...]
    function: FeatureFunction

    def compute(self, columns: "Columns", rows: int) -> "Array":
        inputs = [columns[name] for name in self.inputs]
        try:
            values = self.function(*inputs)
        except Exception as error:
            raise code_error("feature", self.function, error) from error
        kind = getattr(getattr(values, "dtype", None), "kind", "?")
        if getattr(values, "shape", None) == (rows,) and kind in _KINDS[self.column.type]:
            return values
        raise ProjectCodeError(
            f"the feature {describe(self.function)} returned {self._mismatch(values, rows)}"
        )

    def _mismatch(self, values: object, rows: int) -> str:
        """Description of a result that is not one value per row."""
        shape = getattr(values, "shape", None)
        if shape is None:
            return f"{type(values).__name__}: expected an array with one value for each row"
        if shape != (rows,):
            size = f"{shape[0]} values" if len(shape) == 1 else f"an array of shape {shape}"
            size = "1 value" if shape == (1,) else size
            return f"{size} for {rows} rows: return one value for each row"
        dtype = getattr(values, "dtype", None)
        return f"{dtype} for a {self.column.type}: see `output` of its declaration"


@dataclass
class FeatureSet:
    """The features of a project, declared as functions of columns.

    A feature is a pure, row-wise function: it gets one array of shape (rows,) for each input and
    returns one of the same length (types as in `mlops_loop.contract.Columns`). The same function
    runs in training, in batch scoring and online.

    Attributes:
        module: `__name__` of the module that declares them. The code of this module and of the
            modules of the same package that it imports is part of the digest.
        declared: the declared features by name.
        calendar: parts of the event time that are features as well, `features.calendar` of the
            settings.

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
    calendar: tuple[DatetimePart, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Digest of the code of the features, the calendar, and the encoder's format.

        Processes with the same digest encode a row as the same numbers; a published version serves
        only with features of this digest. Comments and formatting do not change it.
        """
        code = module_digest(self.module) if self.module else ""
        calendar = (f"calendar:{part}" for part in self.calendar)
        parts = [str(ENCODER.number), code, *self.declared, *calendar]
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
        return replace(self, declared=others)

    def with_calendar(self, parts: tuple[DatetimePart, ...]) -> "FeatureSet":
        """The features with parts of the event time."""
        return replace(self, calendar=parts)

    @property
    def inputs(self) -> set[str]:
        """Columns of the contract that declared features read."""
        return {name for feature in self.declared.values() for name in feature.inputs}

    def columns(self, contract: Contract) -> tuple[FeatureColumn, ...]:
        """All columns of the model: the contract's features, the event time, the declared ones.

        Raises:
            ContractError: if a feature needs a column that is not part of a request.
            SettingsError: if there is a calendar and no event time.
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
                near = nearest_name(unknown[0], sorted(inputs))
                raise ContractError(
                    f"the feature {feature.column.name} in features.py needs {unknown[0]!r}, "
                    "which is not an input column of config/contract.yaml"
                    f"{f'; did you mean {near!r}?' if near else ''}"
                )
        declared = tuple(feature.column for feature in self.declared.values())
        return plain + self._event_time(contract) + declared

    def _event_time(self, contract: Contract) -> tuple[FeatureColumn, ...]:
        """The time column, if the calendar has parts of it."""
        if not self.calendar:
            return ()
        if contract.time is None:
            raise SettingsError(
                "features.calendar needs event times, and config/contract.yaml has no column with "
                "role time: give one that role, or remove the key from config/project.yaml"
            )
        return (FeatureColumn(contract.time.name, "datetime", True, self.calendar),)

    def apply(self, columns: "Columns") -> "Columns":
        """The input columns and the declared features, arrays of the same length.

        Raises:
            ProjectCodeError: if a feature raises an exception, or does not return one value of its
                declared type for each row.
        """
        rows = len(next(iter(columns.values()), ()))
        computed = {name: feature.compute(columns, rows) for name, feature in self.declared.items()}
        return {**columns, **computed}

    def require_row_wise(self, columns: "Columns", computed: "Columns") -> None:
        """Check on a few rows that no feature depends on other rows.

        Args:
            columns: the rows.
            computed: the result of `apply` for them.

        Raises:
            ProjectCodeError: naming the feature.
        """
        import numpy as np

        from .contract._columns import equal, length, take

        rows = length(columns)
        index = np.linspace(0, rows - 1, min(_PROBED_ROWS, rows // 2)).astype(np.intp)
        alone = self.apply(take(columns, index))
        for name, feature in self.declared.items():
            among_all, among_few = computed[name][index], alone[name]
            differs = ~equal(among_all, among_few)
            if differs.any():
                raise ProjectCodeError(
                    f"the feature {describe(feature.function)} depends on other rows: for the same "
                    f"row it is {among_all[differs][0]} among {rows} rows and "
                    f"{among_few[differs][0]} among {len(index)}; compute each value from its own "
                    "row alone, as a request has only one or a few"
                )
