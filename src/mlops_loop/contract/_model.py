"""The contract as typed objects, read from YAML."""

import hashlib
import json
import math
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from .._duration import Duration
from .._yaml_file import YamlError, parse_yaml
from ..errors import ContractError

ColumnType = Literal["integer", "number", "category", "boolean", "datetime", "text"]
Role = Literal["feature", "target", "id", "time", "group", "ignore"]
Problem = Literal["binary", "multiclass", "regression"]
Action = Literal["reject", "warn"]
Class = bool | int | str
# Treatment of request fields that the contract does not contain.
UnknownFields = Literal["reject", "ignore"]
_MOST_WHOLE = 2**63 - 1


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(_Frozen):
    """Bounds of a numeric column, both included.

    Attributes:
        minimum: lower bound in the unit of the column; None for none.
        maximum: likewise.
        on_violation: `reject` quarantines a row outside, or answers a request with 422; `warn`
            uses it, logs it and counts it.

    Examples:
        >>> Range(minimum=0, maximum=100, on_violation="reject").on_violation
        'reject'
    """

    minimum: float | None = None
    maximum: float | None = None
    on_violation: Action = "warn"


class Categories(_Frozen):
    """The known values of a category.

    Attributes:
        values: the categories; for a target, in the order of the class codes.
        on_violation: `reject` quarantines a row with another value, or answers a request with
            422; `warn` uses it, logs it and counts it.

    Examples:
        >>> Categories(values=("north", "south")).on_violation
        'warn'
    """

    values: tuple[str, ...]
    on_violation: Action = "warn"


class ParseOptions(_Frozen):
    """How the texts of a file are read as the values of a column.

    Attributes:
        missing: texts that stand for a missing value.
        trim: whether blanks around a text are removed.
        decimal: the decimal separator.
        thousands: the separator between groups of three digits.
        strip: characters around a number that are removed, e.g. those of `$5` or `5%`.
        true_words: texts that mean true besides `true` and `1`, in any case.
        false_words: texts that mean false besides `false` and `0`.
        formats: `strptime` formats of datetimes besides ISO 8601.
        epoch: unit of datetimes that are numbers since 1970: seconds or milliseconds.
    """

    missing: tuple[str, ...] = ()
    trim: bool = False
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'", "\u00a0", "\u202f"] = ""
    strip: str = ""
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    epoch: Literal["s", "ms"] | None = None


class Column(_Frozen):
    """One column of the table.

    Attributes:
        name: name in the table and in requests.
        type: `integer`, `number`, `category`, `boolean`, `datetime` or `text`.
        role: `feature`, `target`, `id`, `time`, `group` or `ignore`.
        nullable: whether the value may be missing; a missing value is rejected otherwise.
        range: bounds, for integers and numbers.
        categories: known values, for categories.
        parsing: how texts of a CSV file are read, where the defaults do not fit.
        unit: unit of the values, e.g. `km`.
        description: text for the API, the data dictionary and the model card.
        example: a valid value, shown in the API.

    Raises:
        ValueError: if a range or categories do not fit the type.

    Examples:
        >>> distance = Column(name="distance", type="number", unit="km", range=Range(minimum=0))
        >>> distance.limits
        (0.0, None)
    """

    name: str
    type: ColumnType
    role: Role = "feature"
    nullable: bool = False
    range: Range | None = None
    categories: Categories | None = None
    parsing: ParseOptions | None = None
    unit: str | None = None
    description: str = ""
    example: bool | int | float | str | None = None

    @model_validator(mode="after")
    def _constraints_fit_the_type(self) -> "Column":
        if self.range and self.type not in ("integer", "number"):
            raise ValueError(f"column {self.name}: a range needs type integer or number")
        if self.categories and self.type != "category":
            raise ValueError(f"column {self.name}: categories need type category")
        return self

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """The smallest and the largest value that the range allows.

        64-bit integers for an integer column: beyond 2**53 a float cannot be compared exactly.
        """
        if self.range is None:
            return None, None
        low, high = self.range.minimum, self.range.maximum
        if self.type != "integer":
            return low, high
        return (
            None if low is None else math.ceil(_in_int64(low)),
            None if high is None else math.floor(_in_int64(high)),
        )


def _short_digest(content: list[object]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _in_int64(bound: float) -> float:
    return max(-_MOST_WHOLE, min(bound, _MOST_WHOLE))


class Contract(_Frozen):
    """The columns of a table and the target.

    Attributes:
        problem: `binary`, `multiclass` or `regression`.
        label_horizon: how long after a prediction its label is known.
        columns: the columns, in the order of the file.
        text: the YAML that it was read from; the digest is computed from it.

    Examples:
        >>> contract = parse_contract('''
        ... problem: binary
        ... label_horizon: 1d
        ... columns:
        ...   distance: {type: number, unit: km}
        ...   late: {type: boolean, role: target}
        ... ''')
        >>> contract.target.name, contract.classes
        ('late', (False, True))
        >>> [column.name for column in contract.features]
        ['distance']
    """

    problem: Problem
    label_horizon: Duration
    columns: tuple[Column, ...]
    text: str = ""

    @model_validator(mode="after")
    def _roles_are_unique(self) -> "Contract":
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"duplicate columns: {', '.join(twice)}")
        for role in ("target", "id", "time", "group"):
            columns = [column.name for column in self.columns if column.role == role]
            if len(columns) > 1 or (role == "target" and not columns):
                expected = "exactly one column needs" if role == "target" else "one column may have"
                actual = ", ".join(columns) or "none"
                raise ValueError(f"{expected} the role {role}, found: {actual}")
        return self

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def inputs(self) -> tuple[Column, ...]:
        """Columns of a request: all that is known before the label."""
        return tuple(column for column in self.columns if column.role not in ("target", "ignore"))

    def first_missing_input(self, other: "Contract") -> Column | None:
        """The first input of another contract that is missing here, or has another type."""
        types = {column.name: column.type for column in self.inputs}
        return next((item for item in other.inputs if types.get(item.name) != item.type), None)

    @cached_property
    def features(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.role == "feature")

    @cached_property
    def target(self) -> Column:
        return next(column for column in self.columns if column.role == "target")

    @cached_property
    def time(self) -> Column | None:
        return self._only("time")

    @cached_property
    def id(self) -> Column | None:
        return self._only("id")

    @cached_property
    def group(self) -> Column | None:
        return self._only("group")

    @cached_property
    def classes(self) -> tuple[Class, ...]:
        """Target values in the order of their codes; empty for regression."""
        if self.problem == "regression":
            return ()
        if self.target.type == "boolean":
            return (False, True)
        if self.target.categories is None:
            raise ContractError(
                f"the target {self.target.name} has no categories: list them in the contract"
            )
        return self.target.categories.values

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def target_digest(self) -> str:
        """Digest of the target: problem, name and type.

        Part of every logged row, registered version, bundle and loop state, and of the key by which
        a service finds its versions. It does not change with the inputs.
        """
        return _short_digest([self.problem, self.target.name, self.target.type])

    @property
    def target_summary(self) -> str:
        """The target in messages, e.g. `late (binary, boolean)`."""
        return f"{self.target.name} ({self.problem}, {self.target.type})"

    @cached_property
    def schema_digest(self) -> str:
        """Digest of the target and of the names and types of the inputs.

        Part of every logged row, registered version and bundle. It does not change with bounds,
        categories and descriptions, so that older rows remain usable.
        """
        inputs = sorted([column.name, column.type] for column in self.inputs)
        return _short_digest([self.target_digest, inputs])

    def column(self, name: str) -> Column:
        """The column of a name.

        Raises:
            ContractError: if there is none.
        """
        try:
            return self.by_name[name]
        except KeyError as error:
            raise ContractError(f"the contract has no column {name!r}") from error

    def _only(self, role: Role) -> Column | None:
        return next((column for column in self.columns if column.role == role), None)


def parse_contract(text: str, origin: str = "contract") -> Contract:
    """Build a contract from YAML.

    Args:
        text: the YAML.
        origin: its name in error messages.

    Raises:
        ContractError: if it is invalid; the message names the file and the key.

    Examples:
        >>> parse_contract("columns: {}")
        Traceback (most recent call last):
        ...
        mlops_loop.errors.ContractError: contract: problem: Field required
    """
    try:
        raw = parse_yaml(text)
    except YamlError as error:
        raise ContractError(f"{origin} is not valid YAML: {error}") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("columns"), dict):
        raise ContractError(f"{origin} needs the keys problem, label_horizon and columns")
    columns = [_with_name(name, body, origin) for name, body in raw["columns"].items()]
    try:
        return Contract.model_validate({**raw, "columns": columns, "text": text})
    except ValidationError as error:
        raise ContractError(f"{origin}: {_first_problem(error, columns)}") from error


def load_contract(path: Path) -> Contract:
    """Read a contract file.

    Raises:
        ContractError: if there is no such file, or as `parse_contract`.

    Examples:
        >>> load_contract(project.root / "config/contract.yaml").digest == project.contract.digest
        True
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ContractError(
            f"no contract at {path}: run the command in the project's folder"
        ) from error
    return parse_contract(text, str(path))


def _with_name(name: object, body: object, origin: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ContractError(f"{origin}: column {name} needs at least a type")
    return {**body, "name": str(name)}


def _first_problem(error: ValidationError, columns: list[dict[str, Any]]) -> str:
    first = error.errors()[0]
    location = list(first["loc"])
    if len(location) > 1 and location[0] == "columns" and isinstance(location[1], int):
        location[1] = columns[location[1]]["name"]
    key = ".".join(str(part) for part in location)
    return f"{key}: {first['msg']}" if key else first["msg"]
