"""What the user should look at before anything else."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from ..contract._column_definition import Column
from .column_names import is_code, is_entity, is_year
from .profile import MOST_CATEGORIES, Facts
from .types import InferredType

Kind = Literal["leak", "missing", "identifier", "group", "time", "spelling"]
_FEWEST_GROUPS = 20
# An entity has several rows.
_ROWS_OF_A_GROUP = 1.5
_NEARLY_ALL = 0.995
_YEARS = (1900, 2100)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Epochs of the years 2000 to 2040, by their unit.
_FIRST, _LAST = 946_684_800, 2_208_988_800
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass(frozen=True)
class Hint:
    """A remark of a kind.

    Attributes:
        text: a sentence about the column, or only its name.
    """

    kind: Kind
    text: str


def grouping_hint(name: str, inferred: InferredType, facts: Facts) -> Hint | None:
    """A column whose values repeat and name e.g. a customer should keep its rows together."""
    if inferred.type not in ("category", "integer") or facts.distinct < 2 or is_code(name):
        return None
    if facts.present < _ROWS_OF_A_GROUP * facts.distinct:
        return None
    coded = inferred.type == "category" and facts.distinct > MOST_CATEGORIES and _is_coded(facts)
    if not coded and not (is_entity(name) and facts.distinct >= _FEWEST_GROUPS):
        return None
    return Hint(
        "group",
        f"{facts.distinct:,} values repeat over {facts.present:,} rows: give --group {name!r} if "
        "rows of one belong together",
    )


def _is_coded(facts: Facts) -> bool:
    """Whether most texts are like c255187: digits, and no blanks."""
    words = list(facts.common)[:100]
    coded = [" " not in word and any(sign.isdigit() for sign in word) for word in words]
    return sum(coded) > 0.9 * len(coded)


def feature_hints(column: Column, facts: Facts) -> list[Hint]:
    """Hints about a feature: it may be a time, or spell one category in two ways."""
    hints = []
    if column.type == "integer":
        hints += [Hint("time", text) for text in _about_time(column.name, facts)]
    if column.type == "category" and (pairs := same_but_for_case(facts.common)):
        remedy = "`docs models` has a feature that makes them one"
        hints.append(Hint("spelling", f"categories differ only in case: {_named(pairs)}; {remedy}"))
    return hints


def _about_time(name: str, facts: Facts) -> Iterator[str]:
    low, high = facts.minimum, facts.maximum
    if low is None or high is None:
        return
    if is_year(name) and _YEARS[0] <= low and high <= _YEARS[1]:
        yield f"years: give --time {name!r} if rows are events in time"
    if unit := epoch_unit(low, high):
        since, until = (day_of(edge / UNITS[unit]) for edge in (low, high))
        yield (
            f"may count {unit} since 1970 ({since} to {until}): give --time {name!r} if rows are "
            "events in time"
        )


def epoch_unit(low: float, high: float) -> str | None:
    """The unit in which both numbers are epochs of the years 2000 to 2040."""
    fits = [unit for unit, size in UNITS.items() if _FIRST <= low / size and high / size <= _LAST]
    return fits[0] if fits else None


def near_constant(facts: Facts) -> list[str]:
    """A note if nearly all rows have one value."""
    ((word, rows),) = facts.common.most_common(1) or [("", 0)]
    if rows < _NEARLY_ALL * facts.rows or facts.distinct < 2:
        return []
    return [f"nearly constant: {word!r} in {rows / facts.rows:.2%} of the rows"]


def same_but_for_case(words: Counter[str]) -> list[list[str]]:
    """Groups of texts that only differ in case and surrounding blanks."""
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(word.strip().casefold(), []).append(word)
    return [sorted(group) for group in groups.values() if len(group) > 1]


def _named(groups: list[list[str]]) -> str:
    named = "; ".join(" and ".join(map(repr, group)) for group in groups[:3])
    return named + (" …" if len(groups) > 3 else "")


def day_of(seconds: float) -> str:
    """The day of an epoch, e.g. 2026-01-31."""
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%d")
