"""The contract: the columns of a table and the target."""

import hashlib
import json
from datetime import datetime
from functools import cached_property
from typing import Literal

from pydantic import model_validator

from .._duration import Duration
from ..errors import ContractError
from ._column_definition import Column, Frozen, LeadTime, Role

Problem = Literal["binary", "multiclass", "regression"]
Class = bool | int | str
# Treatment of request fields that the contract does not contain.
UnknownFields = Literal["reject", "ignore"]


class Contract(Frozen):
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
    def lead_time(self) -> LeadTime:
        """Bound of event times in the future; the default where the time column has none."""
        return (self.time and self.time.lead_time) or LeadTime()

    def latest_event_time(self, arrival: datetime) -> datetime:
        """The latest event time that `lead_time` allows a row that arrives at this time."""
        try:
            return arrival + self.lead_time.maximum
        except OverflowError:
            return datetime.max.replace(tzinfo=arrival.tzinfo)

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


def _short_digest(content: list[object]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
