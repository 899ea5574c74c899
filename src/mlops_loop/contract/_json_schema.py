"""The contract as JSON Schema (2020-12), and an example row that satisfies it.

A schema accepts what the check accepts: bounds that only warn are part of the description.
"""

from typing import Any

from ._column_definition import Column, ColumnType
from ._columns import JsonValue
from ._messages import text_spellings
from ._model import Contract, UnknownFields

Schema = dict[str, Any]

_TYPES: dict[ColumnType, str] = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "category": "string",
    "text": "string",
    "datetime": "string",
}
_EXAMPLES: dict[ColumnType, JsonValue] = {
    "integer": 0,
    "number": 0.0,
    "boolean": False,
    "category": "a",
    "text": "a",
    "datetime": "2026-01-01T12:00:00+00:00",
}


def row_schema(contract: Contract, unknown_fields: UnknownFields = "reject") -> Schema:
    """Schema of one row of a request."""
    unread = [column for column in contract.columns if column not in contract.inputs]
    ignored = {column.name: {"description": "Optional and ignored"} for column in unread}
    return {
        "type": "object",
        "properties": {
            **{column.name: column_schema(column) for column in contract.inputs},
            **ignored,
        },
        "required": [column.name for column in contract.inputs if not column.nullable],
        "additionalProperties": unknown_fields == "ignore",
        "example": example_row(contract),
    }


def column_schema(column: Column) -> Schema:
    """Schema of one value."""
    kinds = _kinds(column) + (["null"] if column.nullable else [])
    schema: Schema = {"type": kinds if len(kinds) > 1 else kinds[0]}
    if column.type == "datetime" and column.parsing is None:
        schema["format"] = "date-time"
    bounds, categories = column.range, column.categories
    if bounds is not None and bounds.on_violation == "reject":
        limits = {"minimum": bounds.minimum, "maximum": bounds.maximum}
        schema |= {key: limit for key, limit in limits.items() if limit is not None}
    rejects = categories is not None and categories.on_violation == "reject"
    if categories is not None and rejects and categories.other is None:
        absent = [*sorted(column.missing_words), None] if column.nullable else []
        schema["enum"] = [*categories.values, *absent]
    elif categories is not None:
        schema["examples"] = list(categories.values)
    if column.missing_words and not column.nullable:
        schema["not"] = {"enum": sorted(column.missing_words)}
    if description := _description(column):
        schema["description"] = description
    return schema


def class_schema(contract: Contract) -> Schema:
    """Schema of a prediction or a label: a class of the target, or a number."""
    target = contract.target
    if contract.problem == "regression":
        return {"type": "number"}
    if target.type == "boolean":
        return {"type": "boolean"}
    return {"type": "string", "enum": list(contract.classes)}


def label_schema(contract: Contract) -> Schema:
    """Schema of a label that is submitted: a class or a number, or a text that is read as one."""
    schema, target = class_schema(contract), contract.target
    if not target.parses_texts:
        return schema
    return {**schema, "type": [schema["type"], "string"], "description": _texts(target)}


def class_names(contract: Contract) -> list[str]:
    """The classes as keys of a JSON object, in the order of their codes."""
    return [
        str(label).lower() if isinstance(label, bool) else str(label) for label in contract.classes
    ]


def example_row(contract: Contract) -> dict[str, JsonValue]:
    """A row that the contract accepts, as a JSON object.

    Examples:
        >>> from mlops_loop.contract import check_rows
        >>> bool(check_rows(contract, [example_row(contract)]).accepted[0])
        True
    """
    return {column.name: _example(column) for column in contract.inputs}


def _example(column: Column) -> JsonValue:
    if column.example is not None or column.nullable:
        return column.example
    if column.categories is not None:
        return column.categories.values[0]
    if column.range is not None:
        edge = column.range.minimum if column.range.minimum is not None else column.range.maximum
        if edge is not None:
            return int(edge) if column.type == "integer" and edge == int(edge) else edge
    return _EXAMPLES[column.type]


def _kinds(column: Column) -> list[str]:
    kinds = [_TYPES[column.type]]
    if column.parses_texts and "string" not in kinds:
        kinds.append("string")
    return [*kinds, "integer"] if column.counts_time else kinds


def _texts(column: Column) -> str:
    """How texts of the column are read, if its `parsing` says so."""
    parsing = column.parsing
    if parsing is None:
        return ""
    spellings = text_spellings(column)
    parts = [f"texts are read as in files{f': {spellings}' if spellings else ''}"]
    if not column.parses_texts:
        parts = ["blanks around a text are removed"] if parsing.trim else []
    if parsing.missing and column.nullable:
        parts.append(f"missing: {', '.join(map(repr, parsing.missing))}")
    return "; ".join(parts)


def _description(column: Column) -> str:
    unit = f"in {column.unit}" if column.unit else ""
    parts = [column.description, unit, _texts(column)]
    bounds, categories = column.range, column.categories
    if bounds is not None and bounds.on_violation == "warn":
        edges = [edge for edge in (bounds.minimum, bounds.maximum) if edge is not None]
        parts.append(
            f"usually between {edges[0]:.15g} and {edges[1]:.15g}" if len(edges) == 2 else ""
        )
    if categories is not None and categories.on_violation == "warn":
        parts.append(f"known values: {', '.join(categories.values)}")
    return "; ".join(part for part in parts if part)
