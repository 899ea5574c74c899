"""Differences that a second adoption would make, as text."""

from collections.abc import Iterator, Mapping
from typing import Any

from .._yaml_file import parse_yaml
from ..contract._column_definition import Column
from ..contract._model import Contract

_MAX_LISTED = 5


def contract_changes(old: Contract, new: Contract) -> Iterator[str]:
    """One line for each relevant difference; examples and comments are ignored."""
    for key in ("problem", "label_horizon"):
        if getattr(old, key) != getattr(new, key):
            yield f"{key}: {getattr(old, key)} → {getattr(new, key)}"
    for column in new.columns:
        if column.name not in old.by_name:
            yield f"+ {column.name}: {column.type}, {column.role}"
        elif different := list(_differences(old.by_name[column.name], column)):
            yield f"~ {column.name}: {'; '.join(different)}"
    for column in old.columns:
        if column.name not in new.by_name:
            yield f"- {column.name}: {column.type}, {column.role}"


def settings_changes(old: str, new: str) -> Iterator[str]:
    """One line for each value that differs between two texts of `config/project.yaml`."""
    before, after = (dict(_flat(parse_yaml(text) or {})) for text in (old, new))
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key):
            yield f"{key}: {before.get(key, 'nothing')} → {after.get(key, 'nothing')}"


def _differences(old: Column, new: Column) -> Iterator[str]:
    for key in ("type", "role", "nullable", "parsing"):
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield f"{key} {_short(before)} → {_short(after)}"
    if old.range != new.range:
        yield f"range {_range(old)} → {_range(new)}"
    if old.categories != new.categories:
        yield f"categories {_words(old, new)}"


def _range(column: Column) -> str:
    bounds = column.range
    return "none" if bounds is None else f"{bounds.minimum:.15g} to {bounds.maximum:.15g}"


def _words(old: Column, new: Column) -> str:
    before, after = (
        set(column.categories.values if column.categories else ()) for column in (old, new)
    )
    parts = [_named("+", sorted(after - before)), _named("-", sorted(before - after))]
    return " ".join(part for part in parts if part) or "in another order"


def _named(sign: str, words: list[str]) -> str:
    more = f" and {len(words) - _MAX_LISTED} more" if len(words) > _MAX_LISTED else ""
    return f"{sign} {', '.join(words[:_MAX_LISTED])}{more}" if words else ""


def _short(value: Any) -> str:
    if hasattr(value, "model_dump"):
        value = value.model_dump(exclude_defaults=True, mode="json")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _flat(body: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
