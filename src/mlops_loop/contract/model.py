"""The contract as typed objects, read from YAML."""

import hashlib
import json
import math
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ..duration import Duration
from ..errors import ContractError
from ..yaml_file import YamlError, parse_yaml

ColumnType = Literal["integer", "number", "category", "boolean", "datetime", "text"]
Role = Literal["feature", "target", "id", "time", "group", "ignore"]
Problem = Literal["binary", "multiclass", "regression"]
Action = Literal["reject", "warn"]
Class = bool | int | str
# What is done with fields of a request that the contract does not know.
UnknownFields = Literal["reject", "ignore"]
_MOST_WHOLE = 2**63 - 1


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(_Frozen):
    """Bounds, both included; `on_violation` says what becomes of a row outside."""

    minimum: float | None = None
    maximum: float | None = None
    on_violation: Action = "warn"


class Categories(_Frozen):
    """The known values; `on_violation` says what becomes of a row with another one."""

    values: tuple[str, ...]
    on_violation: Action = "warn"


class ParseOptions(_Frozen):
    """How the texts of a file stand for a column's values, where it is not the plain way.

    Attributes:
        missing: texts that stand for a missing value.
        trim: whether blanks around a text do not count.
        decimal: the sign before the decimals.
        thousands: the sign between groups of three digits.
        strip: signs around a number that do not count, as in `$5` or `5%`.
        true_words: what stands for true besides `true` and `1`, in any case.
        false_words: what stands for false besides `false` and `0`.
        formats: `strptime` formats of moments besides ISO 8601.
        epoch: moments are counted in seconds or milliseconds since 1970.
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
        """The least and the greatest value that the range allows.

        Whole numbers of 64 bits if the column's are: beyond 2**53 a float cannot be compared.
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
    """All that the project knows about its table before it has read a row."""

    problem: Problem
    label_horizon: Duration
    columns: tuple[Column, ...]
    text: str = ""

    @model_validator(mode="after")
    def _roles_are_unique(self) -> "Contract":
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"these columns stand twice: {', '.join(twice)}")
        for role in ("target", "id", "time", "group"):
            found = [column.name for column in self.columns if column.role == role]
            if len(found) > 1 or (role == "target" and not found):
                raise ValueError(f"exactly one column may have the role {role}, found {found}")
        return self

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def inputs(self) -> tuple[Column, ...]:
        """Columns of a request: everything that is known before the outcome."""
        return tuple(column for column in self.columns if column.role not in ("target", "ignore"))

    def first_missing_input(self, other: "Contract") -> Column | None:
        """An input of another contract that this one does not have, or has of another type."""
        accepted = {column.name: column.type for column in self.inputs}
        return next((one for one in other.inputs if accepted.get(one.name) != one.type), None)

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
        """Names what is predicted: problem, and the target's name and type.

        Stands in the state of the loop, which goes on while inputs come and go.
        """
        return _short_digest([self.problem, self.target.name, self.target.type])

    @cached_property
    def schema_digest(self) -> str:
        """Names what is predicted from what: the target, and the inputs' names and types.

        Stands in every logged row, registered version and bundle. Bounds, categories and
        descriptions may change without making old rows those of another table.
        """
        inputs = sorted([column.name, column.type] for column in self.inputs)
        return _short_digest([self.target_digest, inputs])

    def column(self, name: str) -> Column:
        try:
            return self.by_name[name]
        except KeyError as error:
            raise ContractError(f"the contract has no column {name!r}") from error

    def _only(self, role: Role) -> Column | None:
        return next((column for column in self.columns if column.role == role), None)


def parse_contract(text: str, origin: str = "contract") -> Contract:
    """Build a contract from YAML.

    Raises:
        ContractError: naming the file, the place in it and what is wrong there.
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
    """Read a contract file (see `parse_contract`)."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ContractError(
            f"there is no contract at {path}: run from the project's root"
        ) from error
    return parse_contract(text, str(path))


def _with_name(name: object, body: object, origin: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ContractError(f"{origin}: column {name} needs at least a type")
    return {**body, "name": str(name)}


def _first_problem(error: ValidationError, columns: list[dict[str, Any]]) -> str:
    first = error.errors()[0]
    place = list(first["loc"])
    if len(place) > 1 and place[0] == "columns" and isinstance(place[1], int):
        place[1] = columns[place[1]]["name"]
    where = ".".join(str(part) for part in place)
    return f"{where}: {first['msg']}" if where else first["msg"]
