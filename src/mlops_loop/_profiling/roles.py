"""The role of each column, and remarks for the user."""

import re
from collections import Counter
from dataclasses import dataclass, replace

from ..contract._column_definition import Categories, Column, ParseOptions, Range, Role
from .profile import Facts
from .types import NOTHING, InferredType

# A column whose values are nearly all distinct identifies its rows.
_IDENTIFYING_SHARE = 0.99
_TEXT_SHARE = 0.5
_FEW = 20
_IDENTIFIER = re.compile(
    r"(^|[^a-z])(id|ids|key|no|nr|num|index|idx|uuid|guid|rownames?|unnamed|column_1)([^a-z]|$)"
    r"|[a-z](Id|ID)$"
)
_DATED = re.compile(r"year|jahr|année|date|time|month|day|week", re.IGNORECASE)
_FLOAT32_WHOLE = 2**24
_MOST_MISSING_WORDS = 50


@dataclass(frozen=True)
class InferredColumn:
    """A column of the contract, its facts, and remarks for the user."""

    column: Column
    facts: Facts
    notes: tuple[str, ...] = ()


def infer_column(
    name: str, inferred: InferredType, facts: Facts, given: str | None
) -> InferredColumn:
    """Role, constraints and remarks of a column that is not the target.

    Args:
        name: name of the column.
        inferred: its type.
        facts: counts over all rows.
        given: the role that the user gave it.
    """
    facts, parsing, notes = read_strays(inferred, facts)
    column = Column(
        name=name, type=inferred.type, nullable=facts.missing > 0, parsing=parsing, role="feature"
    )
    notes += [inferred.note] if inferred.note else []
    if given in ("id", "time", "group"):
        return InferredColumn(_keyed(column, given), facts, (*notes, *_about_key(given, facts)))
    if given == "ignore":
        return InferredColumn(_left_out(column), facts, tuple(notes))
    reason = _exclusion_reason(name, inferred, facts)
    if reason:
        return InferredColumn(_left_out(column), facts, (*notes, reason))
    if column.type == "category" and _is_text(facts):
        notes.append("free text: left out (role feature keeps it as an input for your features)")
        return InferredColumn(_left_out(column), facts, tuple(notes))
    return InferredColumn(_bounded(column, facts), facts, (*notes, *_about_feature(column, facts)))


def read_strays(
    inferred: InferredType, facts: Facts
) -> tuple[Facts, ParseOptions | None, list[str]]:
    """Detect words for missing values: texts among numbers, and e.g. `?` among texts."""
    known = facts.words or Counter()
    if inferred.type in ("category", "text"):
        absent = {word: rows for word, rows in known.items() if word.lower().strip() in NOTHING}
        facts = facts.without(absent)
        notes: list[str] = []
    else:
        absent = dict(facts.strays.most_common(_MOST_MISSING_WORDS))
        notes = [_about_strays(facts, absent)] if absent else []
    if not absent:
        return facts, inferred.parsing, notes
    parsing = inferred.parsing or ParseOptions()
    return facts, parsing.model_copy(update={"missing": tuple(sorted(absent))}), notes


def _about_strays(facts: Facts, absent: dict[str, int]) -> str:
    named = ", ".join(repr(word) for word in list(absent)[:3])
    more = f" and {len(absent) - 3} more" if len(absent) > 3 else ""
    rejected = facts.unread - sum(absent.values())
    message = f"{named}{more} read as missing in {sum(absent.values())} rows"
    return message + (
        f"; {rejected} rows with other invalid texts will be rejected" if rejected else ""
    )


def _keyed(column: Column, given: str) -> Column:
    kind = "text" if column.type in ("category", "boolean") else column.type
    role: Role = "id" if given == "id" else "time" if given == "time" else "group"
    return _changed(column, type=kind, role=role, nullable=False)


def _left_out(column: Column) -> Column:
    kind = "text" if column.type == "category" else column.type
    return _changed(column, type=kind, role="ignore", nullable=True)


def _changed(column: Column, **changes: object) -> Column:
    return column.model_copy(update=changes)


def _about_key(given: str, facts: Facts) -> list[str]:
    notes = []
    if facts.missing:
        notes.append(f"{facts.missing} rows without it will be rejected")
    again = facts.present - facts.distinct
    if given == "id" and again > facts.present * (1 - _IDENTIFYING_SHARE):
        notes.append(f"about {again} rows have a repeated id: only the last row of an id is used")
    if given == "group" and facts.distinct < 10:
        notes.append(f"only {facts.distinct} groups: splits will be uneven")
    return notes


def _exclusion_reason(name: str, inferred: InferredType, facts: Facts) -> str:
    """Reason to leave the column out; empty if it is used."""
    if inferred.is_empty or not facts.present:
        return "empty: left out"
    if not inferred.is_readable:
        return "left out"
    if facts.distinct < 2 and not facts.missing:
        return "constant: left out"
    names_rows = facts.present > _FEW and facts.distinct >= _IDENTIFYING_SHARE * facts.present
    if names_rows and inferred.type == "category":
        return f"identifies rows: left out (--id {name!r} keeps it as the id)"
    if names_rows and inferred.type == "integer" and _is_identifier(name, facts):
        return f"is a row number: left out (--id {name!r} keeps it as the id)"
    return ""


def _is_identifier(name: str, facts: Facts) -> bool:
    if _DATED.search(name):
        return False
    assert facts.minimum is not None and facts.maximum is not None
    consecutive = facts.maximum - facts.minimum + 1 <= facts.present * 1.02
    spelled = bool(_IDENTIFIER.search(name) or _IDENTIFIER.search(name.lower()))
    return consecutive or spelled or facts.maximum >= 2**53


def _is_text(facts: Facts) -> bool:
    return facts.words is None or facts.distinct > max(_FEW, _TEXT_SHARE * facts.present)


def _bounded(column: Column, facts: Facts) -> Column:
    """Add the observed range or categories; other values will cause a warning."""
    if column.type in ("integer", "number"):
        return _changed(column, range=Range(minimum=facts.minimum, maximum=facts.maximum))
    if column.type == "category" and facts.words:
        return _changed(column, categories=Categories(values=tuple(sorted(facts.words))))
    return column


def _about_feature(column: Column, facts: Facts) -> list[str]:
    notes = []
    largest = max(abs(facts.minimum or 0), abs(facts.maximum or 0))
    if column.type == "integer" and largest > _FLOAT32_WHOLE:
        notes.append("too wide for float32: models get about seven digits")
    if facts.missing > facts.rows / 2:
        notes.append("missing in more than half of the rows")
    return notes
