"""Messages of violations, shared by all checks."""

from collections.abc import Sequence

from ._column_definition import Action, Column, ColumnType, ParseOptions

MISSING = "is missing"
UNKNOWN_FIELD = "is not in the contract"
UNKNOWN_CATEGORY = "is not one of the known categories"

_WANTED: dict[ColumnType, str] = {
    "integer": "a whole number",
    "number": "a finite number",
    "boolean": "true or false",
    "category": "a text",
    "text": "a text",
    "datetime": "a date and time in ISO 8601",
}


# Formats or words that one message names.
_NAMED = 5


def unreadable(column: Column) -> str:
    """What a value should be, with the spellings that the column's `parsing` adds."""
    spellings = text_spellings(column)
    return f"should be {_WANTED[column.type]}{f' or {spellings}' if spellings else ''}"


def text_spellings(column: Column) -> str:
    """How a text may be written, besides as every column reads it; empty if in no other way."""
    parsing = column.parsing or ParseOptions()
    if column.type == "datetime":
        epoch = [f"{parsing.epoch} since 1970"] if parsing.epoch else []
        return " or ".join([*_first(parsing.formats), *epoch])
    if column.type == "boolean":
        return " or ".join(_first([*parsing.true_words, *parsing.false_words]))
    if column.type not in ("integer", "number"):
        return ""
    decimal = "" if parsing.decimal == "." else parsing.decimal
    signs = {"decimal": decimal, "thousands": parsing.thousands, "strip": parsing.strip}
    named = [f"{key} {sign!r}" for key, sign in signs.items() if sign]
    return f"a text with {', '.join(named)}" if named else ""


def _first(spellings: Sequence[str]) -> list[str]:
    return [*spellings[:_NAMED], *(["…"] if len(spellings) > _NAMED else [])]


def below(minimum: float) -> str:
    return f"is below {minimum:.15g}"


def above(maximum: float) -> str:
    return f"is above {maximum:.15g}"


def action(column: Column, reason: str) -> Action:
    """Action of the contract on a row with this violation: reject or warn."""
    if column.categories is not None and reason == UNKNOWN_CATEGORY:
        return column.categories.on_violation
    bounds = column.range
    if bounds is not None:
        parts = [below(bounds.minimum)] if bounds.minimum is not None else []
        parts += [above(bounds.maximum)] if bounds.maximum is not None else []
        if reason in parts:
            return bounds.on_violation
    return "reject"
