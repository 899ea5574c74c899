"""Messages of violations, shared by all checks."""

from ._column_definition import Action, Column, ColumnType

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


def unreadable(column: Column) -> str:
    return f"should be {_WANTED[column.type]}"


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
