"""The contract as a data dictionary in Markdown."""

from .._duration import format_duration
from ._column_definition import Column
from ._model import Contract

_MEANING = {
    "binary": "one of two classes",
    "multiclass": "one of several classes",
    "regression": "a number",
}
_HEADER = ("column", "type", "role", "may be missing", "values", "description")


def dictionary(contract: Contract) -> str:
    """The columns, their allowed values, and the action on others."""
    table = [_HEADER, tuple("---" for _ in _HEADER), *(_row(column) for column in contract.columns)]
    return "\n".join(["# Data dictionary", "", _introduction(contract), "", *map(_line, table)])


def _introduction(contract: Contract) -> str:
    sentence = f"The target is **{_safe(contract.target.name)}**, {_MEANING[contract.problem]}"
    if contract.classes:
        sentence += f": {', '.join(_safe(str(label)) for label in contract.classes)}"
    return f"{sentence}. Its label is known within {format_duration(contract.label_horizon)}."


def _row(column: Column) -> tuple[str, ...]:
    unit = f" ({column.unit})" if column.unit else ""
    return (
        _safe(column.name),
        column.type,
        column.role,
        "yes" if column.nullable else "no",
        _safe(_values(column)),
        _safe(column.description + unit).strip(),
    )


def _values(column: Column) -> str:
    """Allowed values, and whether others are rejected or only warned about."""
    if column.categories is not None:
        listed = ", ".join(column.categories.values)
        return f"{listed}; others: {column.categories.on_violation}"
    bounds = column.range
    if bounds is None:
        return ""
    edges = []
    edges += [f"from {bounds.minimum:.15g}"] if bounds.minimum is not None else []
    edges += [f"to {bounds.maximum:.15g}"] if bounds.maximum is not None else []
    return f"{' '.join(edges)}; others: {bounds.on_violation}"


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _safe(text: str) -> str:
    """A text escaped for one line of a Markdown table."""
    plain = " ".join(text.split())
    return "".join(f"\\{sign}" if sign in "\\|*_`<[" else sign for sign in plain)
