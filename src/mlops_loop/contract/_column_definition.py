"""The definition of a column: type, role, bounds, and how texts are read."""

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from .._duration import UnboundedDuration

ColumnType = Literal["integer", "number", "category", "boolean", "datetime", "text"]
Role = Literal["feature", "target", "id", "time", "group", "ignore"]
Action = Literal["reject", "warn"]
_MOST_WHOLE = 2**63 - 1


class Frozen(BaseModel):
    """Base of the parts of a contract: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(Frozen):
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


class LeadTime(Frozen):
    """How far an event time may lie after the arrival of its row, e.g. in a request for a forecast.

    It applies where a service gets a row; files may hold any date.

    Attributes:
        maximum: upper bound of the lead time, included.
        on_violation: `reject` answers a request with 422; `warn` uses the row, logs it and counts
            it.

    Examples:
        >>> LeadTime(maximum="14d", on_violation="warn").maximum.days
        14
    """

    maximum: UnboundedDuration = timedelta(days=366)
    on_violation: Action = "reject"


class Categories(Frozen):
    """The known values of a category.

    Attributes:
        values: the categories; for a target, in the order of the class codes.
        on_violation: `reject` quarantines a row with another value, or answers a request with
            422; `warn` uses it, logs it and counts it.

        other: the value that takes the place of those that are not listed; None to keep them.

    Examples:
        >>> Categories(values=("north", "south")).on_violation
        'warn'
    """

    values: tuple[str, ...]
    on_violation: Action = "warn"
    other: str | None = None


class ParseOptions(Frozen):
    """How the texts of files and requests are read as the values of a column.

    Attributes:
        missing: texts that stand for a missing value, in files and in requests.
        trim: whether blanks around a text are removed.
        decimal: the decimal separator.
        thousands: the separator between groups of three digits.
        strip: characters around a number that are removed, e.g. those of `$5` or `5%`.
        true_words: texts that mean true besides `true` and `1`, in any case.
        false_words: texts that mean false besides `false` and `0`.
        formats: `strptime` formats of datetimes besides ISO 8601.
        zones: UTC offset by the name of a time zone that ends a datetime, e.g. `CET: "+01:00"`.
        epoch: unit of datetimes that are numbers since 1970: `s`, `ms`, `us` or `ns`.
    """

    missing: tuple[str, ...] = ()
    trim: bool = False
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'", "\u00a0", "\u202f"] = ""
    strip: str = ""
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    zones: dict[str, str] = {}
    epoch: Literal["s", "ms", "us", "ns"] | None = None


class Column(Frozen):
    """One column of the table.

    Attributes:
        name: name in the table and in requests.
        type: `integer`, `number`, `category`, `boolean`, `datetime` or `text`.
        role: `feature`, `target`, `id`, `time`, `group` or `ignore`.
        nullable: whether the value may be missing; a missing value is rejected otherwise.
        range: bounds, for integers and numbers.
        categories: known values, for categories.
        lead_time: bound of future event times, for the column with role `time`.
        parsing: how texts of files and requests are read, where the defaults do not fit.
        unit: unit of the values, e.g. `km`.
        description: text for the API, the data dictionary and the model card.
        example: a valid value, shown in the API.

    Raises:
        ValueError: if a range, categories or a lead time do not fit the type and role.

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
    lead_time: LeadTime | None = None
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
        if self.categories and self.categories.other not in (None, *self.categories.values):
            raise ValueError(f"column {self.name}: list categories.other among the values")
        if self.lead_time and self.role != "time":
            raise ValueError(f"column {self.name}: a lead_time needs role time")
        return self

    @property
    def missing_words(self) -> frozenset[str]:
        """Texts that stand for a missing value."""
        return frozenset(self.parsing.missing) if self.parsing else frozenset()

    @property
    def parses_texts(self) -> bool:
        """Whether a number, boolean or datetime may be a text that is read as one of a file."""
        return self.parsing is not None and self.type not in ("category", "text")

    @property
    def counts_time(self) -> bool:
        """Whether a datetime may be a whole number: an epoch, or the digits of a format."""
        if self.type != "datetime" or self.parsing is None:
            return False
        digits = any(pattern.replace("%", "").isalpha() for pattern in self.parsing.formats)
        return digits or self.parsing.epoch is not None

    def text_mapping(self) -> Callable[[Any], Any] | None:
        """Trims texts of a category or text, and replaces those that mean another value or none.

        None if it would change no text.
        """
        if self.type not in ("category", "text"):
            return None
        absent, other = self.missing_words, self.categories and self.categories.other
        known = frozenset(self.categories.values) if self.categories else frozenset()
        trims = self.parsing is not None and self.parsing.trim
        if not absent and other is None and not trims:
            return None

        def mapped(value: Any) -> Any:
            if not isinstance(value, str):
                return value
            value = value.strip() if trims else value
            if value in absent:
                return None
            return value if other is None or value in known else other

        return mapped

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


def _in_int64(bound: float) -> float:
    return max(-_MOST_WHOLE, min(bound, _MOST_WHOLE))
