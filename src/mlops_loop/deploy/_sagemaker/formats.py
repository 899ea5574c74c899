"""Media types of `/invocations`: rows to the JSON of `/predict`, and its responses back."""

import csv
import io
import json
import math
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from ...contract._column_definition import Column
from ...serving._problem import Problem
from ...serving._response import JSON

CSV = "text/csv"
LINES = "application/jsonlines"
# Media types by the names that clients use for them.
MEDIA_TYPES = {
    JSON: JSON,
    CSV: CSV,
    LINES: LINES,
    "application/jsonl": LINES,
    "application/json-lines": LINES,
    "application/x-jsonlines": LINES,
    "application/x-ndjson": LINES,
}
# The conventional member around the rows of a JSON document, and around the predictions.
INSTANCES, PREDICTIONS = "instances", "predictions"
# Columns of a CSV response; the probability of each class follows, in the order of the classes.
RESPONSE_COLUMNS = ("prediction", "prediction_id", "model_version", "variant")

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_TRUTH = {"true": True, "1": True, "false": False, "0": False}

Value = bool | int | float | str | None


def rows_of_csv(body: bytes, columns: Sequence[Column], header: str | None = None) -> bytes:
    """The rows of a CSV body as a JSON list.

    An empty field is null. A field that its column's type does not fit stays text, so that the
    contract rejects it.

    Args:
        body: UTF-8 with commas and double quotes (RFC 4180).
        columns: inputs of the contract; without a header, fields are in this order.
        header: `present` or `absent` as the parameter of the media type says; None if it does not.
            Then the first line is a header if all its fields are names of columns.

    Raises:
        Problem: 400 if it is not CSV, or a line has another number of fields.
    """
    try:
        reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        lines = [(reader.line_num, fields) for fields in reader if fields]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Problem(400, f"the body is not CSV in UTF-8: {error}") from error
    by_name = {column.name: column for column in columns}
    names = list(by_name)
    if lines and (header == "present" or (header is None and by_name.keys() >= set(lines[0][1]))):
        names = lines.pop(0)[1]
        if len(set(names)) < len(names):
            raise Problem(400, f"the header of the CSV names a column twice: {','.join(names)}")
    for number, fields in lines:
        if len(fields) != len(names):
            raise Problem(
                400,
                f"line {number} of the CSV has {len(fields)} fields, expected {len(names)}:"
                f" {','.join(names)}; for another order, send a header",
            )
    types = [by_name[name].type if name in by_name else "text" for name in names]
    rows = [
        {name: _parse(text, kind) for name, text, kind in zip(names, fields, types, strict=True)}
        for _, fields in lines
    ]
    return msgspec.json.encode(rows)


def rows_of_lines(body: bytes) -> bytes:
    """The rows of JSON Lines as a JSON list; empty lines are left out.

    Raises:
        Problem: 400 if a line is not JSON.
    """
    rows: list[msgspec.Raw] = []
    for number, line in enumerate(body.splitlines(), 1):
        if line.strip():
            try:
                rows.append(msgspec.json.decode(line, type=msgspec.Raw))
            except msgspec.DecodeError as error:
                raise Problem(400, f"line {number} of the body is not JSON: {error}") from error
    return msgspec.json.encode(rows)


def instances_of(body: bytes, columns: Sequence[Column]) -> bytes | None:
    """The rows of `{"instances": […]}` as a JSON list; None for any other body.

    An instance is an object, or a list of values in the order of the columns.

    Raises:
        Problem: 400 if a list has another number of values.
    """
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        if members.keys() != {INSTANCES}:
            return None
        instances = msgspec.json.decode(members[INSTANCES], type=list[msgspec.Raw])
    except msgspec.DecodeError:
        return None  # one row, a list of rows, or nothing that `/predict` would take either
    return msgspec.json.encode(
        [_as_object(number, instance, columns) for number, instance in enumerate(instances)]
    )


def encode_csv(predictions: bytes, *, header: bool) -> bytes:
    """Predictions, one or a JSON list of them, as CSV."""
    items = _listed(msgspec.json.decode(predictions))
    classes = list(next((item["probabilities"] for item in items if "probabilities" in item), ()))
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    if header:
        writer.writerow([*RESPONSE_COLUMNS, *classes])
    for item in items:
        probabilities = item.get("probabilities", {})
        values = [item.get(name) for name in RESPONSE_COLUMNS]
        writer.writerow(map(_spell, [*values, *(probabilities.get(name) for name in classes)]))
    return output.getvalue().encode()


def encode_lines(predictions: bytes) -> bytes:
    """Predictions, one or a JSON list of them, as JSON Lines."""
    items = _listed(msgspec.json.decode(predictions))
    return msgspec.json.Encoder().encode_lines(items)


def _as_object(
    number: int, instance: msgspec.Raw, columns: Sequence[Column]
) -> msgspec.Raw | dict[str, object]:
    if not bytes(instance).startswith(b"["):
        return instance
    values = msgspec.json.decode(instance)
    if len(values) != len(columns):
        names = ", ".join(column.name for column in columns)
        raise Problem(
            400,
            f"instance {number} has {len(values)} values, expected {len(columns)}: {names}",
        )
    return {column.name: value for column, value in zip(columns, values, strict=True)}


def _parse(text: str, kind: str) -> Value:
    """A field of a CSV as JSON has it; text where the field does not fit the type."""
    if text == "":
        return None
    if kind == "boolean":
        return _TRUTH.get(text.strip().lower(), text)
    if kind not in ("integer", "number"):
        return text
    if _INTEGER.fullmatch(text.strip()):
        return int(text)
    if _NUMBER.fullmatch(text.strip()) and math.isfinite(number := float(text)):
        return number
    return text


def _spell(value: object) -> object:
    """As JSON spells it, without the quotes of a text."""
    return json.dumps(value) if isinstance(value, bool) else value


def _listed(predictions: Any) -> list[dict[str, Any]]:
    return predictions if isinstance(predictions, list) else [predictions]
