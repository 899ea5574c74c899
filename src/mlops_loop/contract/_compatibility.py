"""Comparison of two versions of the contract: changes, and which of them are breaking.

A change is breaking if a request that the old contract accepted may be rejected by the new one, or
if responses have another form.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from .._duration import format_duration
from ._column_definition import Column, LeadTime
from ._json_schema import class_schema
from ._model import Contract


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        column: its name; None for the table as a whole.
        what: the difference, as the end of a sentence.
        is_breaking: whether existing clients may break.
    """

    column: str | None
    what: str
    is_breaking: bool

    def summary(self) -> str:
        mark = "breaks callers" if self.is_breaking else "harmless"
        return f"{mark}: {self.column or 'the contract'} {self.what}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def differences(old: Contract, new: Contract) -> list[Change]:
    """All changes from `old` to `new`, breaking ones first."""
    changes = [*_table(old, new), *_columns(old, new)]
    return sorted(changes, key=lambda change: not change.is_breaking)


def _table(old: Contract, new: Contract) -> Iterator[Change]:
    if old.problem != new.problem:
        yield Change(None, f"is about {new.problem} instead of {old.problem}", True)
    elif class_schema(old) != class_schema(new):
        yield Change(new.target.name, "has other classes, so predictions differ", True)
    if old.target.name != new.target.name:
        yield Change(None, f"predicts {new.target.name} instead of {old.target.name}", True)
    if old.label_horizon != new.label_horizon:
        then, now = format_duration(old.label_horizon), format_duration(new.label_horizon)
        yield Change(None, f"waits {now} for labels instead of {then}", False)


def _columns(old: Contract, new: Contract) -> Iterator[Change]:
    asked = {column.name for column in old.inputs}
    for column in old.columns:
        now = new.by_name.get(column.name)
        if now is None:
            yield Change(column.name, "was removed, and unknown fields are rejected", True)
        elif column.name in asked and now not in new.inputs:
            yield Change(column.name, f"is not used any more: its role is {now.role}", False)
        elif column.name in asked:
            yield from _column(column, now)
    for column in new.inputs:
        if column.name not in asked:
            what = "is new and optional" if column.nullable else "is new and required"
            yield Change(column.name, what, not column.nullable)


def _column(old: Column, new: Column) -> Iterator[Change]:
    if old.type != new.type:
        wider = (old.type, new.type) == ("integer", "number")
        yield Change(new.name, f"is of type {new.type} instead of {old.type}", not wider)
    if old.nullable != new.nullable:
        what = "may be missing" if new.nullable else "is required"
        yield Change(new.name, what, old.nullable)
    if old.range != new.range:
        yield Change(new.name, "has another range", _is_narrower(old, new))
    if old.categories != new.categories:
        yield Change(new.name, "has other known categories", _rejects_more(old, new))
    if old.lead_time != new.lead_time:
        yield Change(new.name, "has another lead time", _is_shorter(old, new))
    if old.parsing != new.parsing:
        yield Change(new.name, "reads texts in another way", _reads_less(old, new))
    if old.unit != new.unit:
        what = f"is in {new.unit or 'no unit'} instead of {old.unit or 'none'}"
        yield Change(new.name, what, old.unit is not None and new.unit is not None)
    if old.role != new.role:
        yield Change(new.name, f"has the role {new.role} instead of {old.role}", False)


def _is_narrower(old: Column, new: Column) -> bool:
    """Whether a number that was accepted may be rejected now."""
    if new.range is None or new.range.on_violation == "warn":
        return False
    if old.range is None or old.range.on_violation == "warn":
        return True
    low, high = new.range.minimum, new.range.maximum
    before_low, before_high = old.range.minimum, old.range.maximum
    return (low is not None and (before_low is None or low > before_low)) or (
        high is not None and (before_high is None or high < before_high)
    )


def _is_shorter(old: Column, new: Column) -> bool:
    """Whether an event time that was accepted may be rejected now."""
    before, now = old.lead_time or LeadTime(), new.lead_time or LeadTime()
    return now.on_violation == "reject" and (
        before.on_violation == "warn" or now.maximum < before.maximum
    )


def _reads_less(old: Column, new: Column) -> bool:
    """Whether a text that was read may be rejected now, or mean something else."""
    if old.parsing is None or new.parsing is None:
        return old.parsing is not None
    before, now = old.parsing.model_dump(), new.parsing.model_dump()
    lists = ("missing", "true_words", "false_words", "formats")
    if any(not set(before[key]) <= set(now[key]) for key in lists):
        return True
    others = (key for key in before if key not in (*lists, "trim"))
    return old.parsing.trim > new.parsing.trim or any(before[key] != now[key] for key in others)


def _rejects_more(old: Column, new: Column) -> bool:
    """Whether a category that was accepted may be rejected now."""
    if new.categories is None or new.categories.on_violation == "warn":
        return False
    if old.categories is None or old.categories.on_violation == "warn":
        return True
    return not set(old.categories.values) <= set(new.categories.values)
