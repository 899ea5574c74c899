"""The contract as commented YAML."""

from collections.abc import Mapping, Sequence
from textwrap import dedent, indent
from typing import Any

import yaml

from .._duration import format_duration
from ..contract._column_definition import Column
from ..contract._model import Contract

_WIDTH = 96
_HEAD = """
# What the data is. Everything else follows from this file: the checks at ingestion and at the
# door of the service, OpenAPI, the encoder, monitoring, the rows that tests make.
#
# type       integer | number | category | boolean | datetime | text
# role       feature (default) | target | id | time | group | ignore
# on_violation  a row outside a range or list is: reject (quarantined, 422) | warn (used, counted)
# parsing    how the texts of a file stand for values, where it is not the plain way
#
# `adopt` wrote it from {rows} rows of {address}. Ranges and lists are what it saw there, and only
# warn; say `reject` where you know better. Look at the remarks, and say what the columns mean.
"""
_DEFAULTS: Mapping[str, Any] = {
    "role": "feature",
    "nullable": False,
    "description": "",
    "unit": None,
    "range": None,
    "categories": None,
    "lead_time": None,
    "parsing": None,
    "example": None,
}
_PARSING_DEFAULTS = {
    "trim": False,
    "decimal": ".",
    "thousands": "",
    "strip": "",
    "epoch": None,
    "zones": {},
}


def contract_text(
    contract: Contract, notes: Mapping[str, Sequence[str]], *, address: str, rows: int
) -> str:
    """The contract as YAML that `parse_contract` reads back.

    Args:
        contract: the contract to write.
        notes: remarks by column.
        address: address of its table.
        rows: number of rows of the table.
    """
    head = _HEAD.strip().format(rows=f"{rows:,}", address=_one_line(address))
    lines = [
        head,
        "",
        f"problem: {contract.problem}",
        f"label_horizon: {format_duration(contract.label_horizon)}"
        " # how long after a row's event its outcome may take to arrive",
        "",
        "columns:",
    ]
    for column in contract.columns:
        lines += [indent(f"# {_one_line(note)}", "  ") for note in notes.get(column.name, ())]
        lines.append(indent(_column(column), "  "))
    return "\n".join(lines) + "\n"


def _column(column: Column) -> str:
    body = {"type": column.type, **_keys(column)}
    parts = [f"{_scalar(column.name)}:"]
    parts += [indent(_entry(key, value), "  ") for key, value in body.items()]
    return "\n".join(parts)


def _keys(column: Column) -> dict[str, Any]:
    """Keys that differ from the defaults, in the order of the file."""
    keys: dict[str, Any] = {}
    for key, default in _DEFAULTS.items():
        value = getattr(column, key)
        if value == default:
            continue
        keys[key] = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
    if "parsing" in keys:
        keys["parsing"] = {
            key: value
            for key, value in keys["parsing"].items()
            if value not in (_PARSING_DEFAULTS.get(key, []), [])
        }
    if column.categories is not None and column.categories.other is None:
        del keys["categories"]["other"]
    if column.type == "integer" and "range" in keys:
        keys["range"] = {
            key: int(value) if isinstance(value, float) else value
            for key, value in keys["range"].items()
        }
    return keys


def _entry(key: str, value: Any) -> str:
    if isinstance(value, dict):
        # Lists and flat mappings on one line if they fit.
        return _dump({key: value}, default_flow_style=None)
    return f"{key}: {_scalar(value)}"


def _scalar(value: Any) -> str:
    """A value on one line."""
    return _dump([value], default_flow_style=True, width=10**9)[1:-1]


def _dump(value: Any, *, width: int = _WIDTH, **style: Any) -> str:
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=width, **style)
    return dedent(text).strip()


def _one_line(text: str) -> str:
    return " ".join(text.split())
