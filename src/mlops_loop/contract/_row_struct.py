"""The contract as a struct that msgspec decodes rows into, and its soft constraints."""

import re
from collections.abc import Sequence
from math import inf
from typing import Annotated, Any, Literal

import msgspec

from ._column_definition import Categories, Column, Range

# What JSON writes with a backslash.
_ESCAPED = re.compile(r'["\\\x00-\x1f]')


class SoftConstraint:
    """Whether a value may need a warning; the full check then words it."""

    def __init__(self, spec: Column) -> None:
        bounds, categories = spec.range, spec.categories
        self._low = -inf if bounds is None or bounds.minimum is None else bounds.minimum
        self._high = inf if bounds is None or bounds.maximum is None else bounds.maximum
        self._words = None if categories is None else frozenset(categories.values)

    def is_violated(self, value: Any) -> bool:
        if value is None:
            return False
        if self._words is not None:
            return value not in self._words
        return not self._low <= value <= self._high


def warns(constraint: Range | Categories | None) -> bool:
    return constraint is not None and constraint.on_violation == "warn"


def can_be_field(name: str) -> bool:
    """Whether a struct can have a field of this name: msgspec compares names as they are sent.

    In JSON a quotation mark, a backslash and a control character are never sent as they are.
    """
    return not _ESCAPED.search(name)


def row_struct(specs: Sequence[Column], *, closed: bool) -> type[msgspec.Struct]:
    """A struct of one row; nullable fields may be absent, names need not be identifiers.

    Other fields are not allowed in a closed one, and ignored by an open one.
    """
    fields: list[Any] = [
        (
            (f"f{number}", _field_type(spec) | None, None)
            if spec.nullable
            else (f"f{number}", _field_type(spec))
        )
        for number, spec in enumerate(specs)
    ]
    return msgspec.defstruct(
        "Row",
        fields,
        kw_only=True,
        forbid_unknown_fields=closed,
        rename={f"f{number}": spec.name for number, spec in enumerate(specs)},
        gc=False,
    )


def _field_type(spec: Column) -> Any:
    if spec.type == "boolean":
        return bool
    if spec.type in ("category", "text", "datetime"):
        listed = spec.categories
        if listed is not None and listed.on_violation == "reject" and listed.other is None:
            return Literal[listed.values]
        return str
    bounds = spec.range
    if bounds is None or bounds.on_violation == "warn":
        return float
    return Annotated[float, msgspec.Meta(ge=bounds.minimum, le=bounds.maximum)]
