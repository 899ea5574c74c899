"""The role of each column, and remarks for the user."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..contract._column_definition import Categories, Column, ParseOptions, Range, Role
from .column_names import is_dated, is_entity, is_row_key
from .hints import Hint, feature_hints, grouping_hint, near_constant
from .missing_words import about_frequent, find_missing_words
from .profile import MOST_CATEGORIES, Facts
from .types import InferredType

# A column whose values are nearly all distinct identifies its rows, of which some may be repeated.
IDENTIFYING_SHARE = 0.95
_TEXT_SHARE = 0.5
_FEW = 20
_MOST_MISSING_WORDS = 50
# The rest of too many categories becomes one if the frequent ones are in so many rows.
_COVERED_SHARE = 0.2
_OTHER = "other"


@dataclass(frozen=True)
class InferredColumn:
    """A column of the contract, its facts, and remarks for the user.

    Attributes:
        notes: remarks, as end of a sentence about the column.
        hints: those that the user should look at first, by kind.
    """

    column: Column
    facts: Facts
    notes: tuple[str, ...] = ()
    hints: tuple[Hint, ...] = ()


def infer_column(
    name: str,
    inferred: InferredType,
    facts: Facts,
    given: str | None,
    *,
    from_text: bool = True,
    distinct_rows: int | None = None,
) -> InferredColumn:
    """Role, constraints and remarks of a column that is not the target.

    Args:
        name: name of the column.
        inferred: its type.
        facts: counts over all rows.
        given: the role that the user gave it.
        from_text: whether the table is a text file.
        distinct_rows: number of different rows of the table.
    """
    facts, parsing, notes, hints = read_strays(name, inferred, facts, from_text=from_text)
    column = Column(
        name=name, type=inferred.type, nullable=facts.missing > 0, parsing=parsing, role="feature"
    )
    notes += [inferred.note] if inferred.note else []
    if given in ("id", "time", "group"):
        return InferredColumn(_keyed(column, given), facts, (*notes, *_about_key(given, facts)))
    if given == "ignore":
        return InferredColumn(_left_out(column), facts, tuple(notes))
    reason, found = _exclusion(name, inferred, facts, distinct_rows or facts.rows)
    if reason:
        return InferredColumn(_left_out(column), facts, (*notes, reason), tuple(found))
    column, kept = _bounded(column, facts)
    hints += [hint for hint in (grouping_hint(name, inferred, facts),) if hint]
    about = [hint.text for hint in hints]
    if column.role == "ignore":
        return InferredColumn(column, facts, (*notes, *about, *kept), tuple(hints))
    hints += feature_hints(column, facts)
    about = [hint.text for hint in hints]
    about += [*kept, *near_constant(facts), *_about_feature(column, facts)]
    return InferredColumn(column, facts, (*notes, *about), tuple(hints))


def read_strays(
    name: str,
    inferred: InferredType,
    facts: Facts,
    *,
    from_text: bool,
    is_target: bool = False,
) -> tuple[Facts, ParseOptions | None, list[str], list[Hint]]:
    """Find words for missing values: texts among numbers, and e.g. `?` among texts."""
    hints: list[Hint] = []
    if inferred.type in ("category", "text"):
        words = find_missing_words(name, facts, from_text=from_text, is_target=is_target)
        absent, notes = words.absent, [*words.notes]
        hints = [Hint("missing", text) for text in words.questions]
        facts = facts.without(absent)
    else:
        absent = dict(facts.strays.most_common(_MOST_MISSING_WORDS))
        notes = [_about_strays(facts, absent)] if facts.strays else []
        hints = [Hint("missing", text) for text in about_frequent(absent, facts, is_target)]
    if not absent:
        return facts, inferred.parsing, notes, hints
    parsing = inferred.parsing or ParseOptions()
    listed = tuple(sorted({*parsing.missing, *absent}))
    return facts, parsing.model_copy(update={"missing": listed}), notes, hints


def _about_strays(facts: Facts, absent: dict[str, int]) -> str:
    named = ", ".join(repr(word) for word in list(absent)[:3])
    more = f" and {len(absent) - 3} more" if len(absent) > 3 else ""
    rejected = facts.unread - sum(absent.values())
    message = f"{named}{more} read as missing in {sum(absent.values())} rows"
    return message + (
        f"; {rejected} rows with other invalid texts will be rejected" if rejected else ""
    )


def _keyed(column: Column, given: str) -> Column:
    kind = "text" if column.type == "category" else column.type
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
    if given == "id" and again > facts.present * 0.01:
        notes.append(f"{again} rows have a repeated id: only the last row of an id is used")
    if given == "group" and facts.distinct < 10:
        notes.append(f"only {facts.distinct} groups: splits will be uneven")
    return notes


def _exclusion(
    name: str, inferred: InferredType, facts: Facts, distinct_rows: int
) -> tuple[str, Sequence[Hint]]:
    """Reason to leave the column out, empty if it is used, and hints."""
    if not inferred.is_readable:
        return "left out", ()
    if inferred.is_empty or not facts.present:
        return "empty: left out", ()
    if facts.distinct < 2 and not facts.missing:
        return "constant: left out", ()
    if facts.same_as is not None:
        return f"same values as {facts.same_as!r}: left out", ()
    if inferred.type == "datetime" or not _names_rows(facts, distinct_rows):
        return "", ()
    again = facts.present - facts.distinct
    repeats = f", with {again} repeats" if again else ""
    keep = f"left out{repeats} (--id {name!r} keeps it as the id)"
    hint = Hint("identifier", name)
    if inferred.type == "category":
        return f"identifies rows: {keep}", [hint]
    if inferred.type == "integer" and _is_identifier(name, facts):
        return f"is a row number: {keep}", [hint]
    return "", ()


def _names_rows(facts: Facts, distinct_rows: int) -> bool:
    """Whether nearly all values are distinct in the rows that are."""
    different = min(facts.present, distinct_rows)
    return facts.present > _FEW and facts.distinct >= IDENTIFYING_SHARE * different


def _is_identifier(name: str, facts: Facts) -> bool:
    if is_dated(name):
        return False
    assert facts.minimum is not None and facts.maximum is not None
    consecutive = facts.maximum - facts.minimum + 1 <= facts.distinct * 1.02
    return consecutive or is_row_key(name) or is_entity(name) or facts.maximum >= 2**53


def _bounded(column: Column, facts: Facts) -> tuple[Column, list[str]]:
    """Add the observed range or categories; other values will cause a warning."""
    if column.type in ("integer", "number"):
        return _changed(column, range=Range(minimum=facts.minimum, maximum=facts.maximum)), []
    if column.type != "category":
        return column, []
    covered = sum(facts.common.values()) / max(facts.present, 1)
    unique = facts.distinct > max(_FEW, _TEXT_SHARE * facts.present)
    if unique or (facts.words is None and covered < _COVERED_SHARE):
        note = "free text: left out (role feature keeps it as an input for your features)"
        return _left_out(column), [note]
    values = sorted(facts.common)
    if facts.words is not None:
        return _changed(column, categories=Categories(values=tuple(values))), []
    categories = Categories(values=tuple(sorted({*values, _OTHER})), other=_OTHER)
    note = (
        f"{facts.distinct:,} categories: the {MOST_CATEGORIES:,} most frequent ones are kept "
        f"({covered:.0%} of the rows), the rest becomes {_OTHER!r}"
    )
    return _changed(column, categories=categories), [note]


def _about_feature(column: Column, facts: Facts) -> list[str]:
    notes = []
    largest = max(abs(facts.minimum or 0), abs(facts.maximum or 0))
    if column.type == "integer" and largest > 2**24:
        notes.append("too wide for float32: models get about seven digits")
    if facts.missing > facts.rows / 2:
        notes.append("missing in more than half of the rows")
    return notes
