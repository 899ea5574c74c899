"""Texts in requests mean what they mean in a file, in each kind of column."""

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_loop.contract._casting import check_table
from mlops_loop.contract._check import check_rows
from mlops_loop.contract._compatibility import differences
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._decoder import Decoder, InvalidRequestBody
from mlops_loop.contract._json_schema import (
    column_schema,
    example_row,
    label_schema,
    row_schema,
)
from mlops_loop.contract._model import Contract
from mlops_loop.serving._labels import decode_labels

CONTRACT = parse_contract("""
problem: binary
label_horizon: 1d
columns:
  tariff: {type: category, parsing: {trim: true, missing: ["?"]}, nullable: true,
    categories: {values: [basic, plus], on_violation: reject}}
  region: {type: category, parsing: {trim: true}, categories: {values: [north, south]}}
  note: {type: text, parsing: {trim: true, missing: ["-"]}, nullable: true}
  months: {type: integer, nullable: true, parsing: {missing: [unknown]}}
  price: {type: number, parsing: {decimal: ",", thousands: ".", strip: "€"}, nullable: true,
    range: {minimum: 0, maximum: 5000, on_violation: reject}}
  at: {type: datetime, nullable: true,
    parsing: {formats: ["%d.%m.%Y %H:%M", "%d.%m.%Y"], zones: {CET: "+01:00"}, missing: [never]}}
  day: {type: datetime, nullable: true, parsing: {formats: ["%Y-%d-%m", "%Y%d%m"]}}
  quarter: {type: datetime, nullable: true, parsing: {formats: ["%YQ%q"]}}
  half: {type: datetime, nullable: true, parsing: {formats: ["%m/%d/%y %I:%M %p"]}}
  seconds: {type: datetime, nullable: true, parsing: {epoch: s, missing: ["0"]}}
  nanos: {type: datetime, nullable: true, parsing: {epoch: ns, trim: true}}
  paid: {type: boolean, nullable: true, parsing: {true_words: ["yes"], false_words: ["No"]}}
  y: {type: boolean, role: target, parsing: {true_words: ["yes"], false_words: ["no"]}}
""")
DECODER = Decoder(CONTRACT)
GOOD: dict[str, Any] = {"tariff": "basic", "region": "north", "price": 1.5}
# What is sent, and the value in JSON that means the same.
SAME: list[tuple[str, Any, Any]] = [
    ("tariff", " basic ", "basic"),
    ("tariff", " ? ", None),
    ("region", "\tsouth", "south"),
    ("region", " west ", "west"),
    ("note", " hello", "hello"),
    ("note", "- ", None),
    ("months", "unknown", None),
    ("months", "12", 12),
    ("months", "NA", None),
    ("price", "29,90", 29.9),
    ("price", "1.234,50 €", 1234.5),
    ("price", "", None),
    ("at", "28.11.2025 10:00", "2025-11-28T10:00:00+00:00"),
    ("at", "28.11.2025 10:00 CET", "2025-11-28T09:00:00+00:00"),
    ("at", "28.11.2025", "2025-11-28T00:00:00+00:00"),
    ("at", "2025-11-28 10:00", "2025-11-28T10:00:00+00:00"),
    ("at", "2025-11-28T10:00 CET", "2025-11-28T09:00:00+00:00"),
    ("at", "never", None),
    ("day", "2025-03-01", "2025-01-03T00:00:00+00:00"),
    ("day", 20250301, "2025-01-03T00:00:00+00:00"),
    ("day", "2025-03-01T00:00:00", "2025-03-01T00:00:00+00:00"),
    ("quarter", "2025Q3", "2025-07-01T00:00:00+00:00"),
    ("half", "11/28/25 1:05 pm", "2025-11-28T13:05:00+00:00"),
    ("seconds", 1764324000, "2025-11-28T10:00:00+00:00"),
    ("seconds", "1764324000.5", "2025-11-28T10:00:00.500000+00:00"),
    ("seconds", "20250301", "1970-08-23T09:05:01+00:00"),
    ("seconds", "0", None),
    ("nanos", " 1764324000000000000 ", "2025-11-28T10:00:00+00:00"),
    ("paid", "Yes", True),
    ("paid", "NO", False),
    ("paid", "1", True),
]


def in_file(row: dict[str, Any]) -> Any:
    """The check of the row as one of a text file."""
    cells = {name: None if value is None else str(value) for name, value in row.items()}
    table = pa.table({name: pa.array([cell], pa.string()) for name, cell in cells.items()})
    return check_table(CONTRACT, table, CONTRACT.inputs)


@pytest.mark.parametrize(("column", "text", "meaning"), SAME)
def test_a_request_is_read_like_a_file(column: str, text: Any, meaning: Any) -> None:
    sent, canonical = {**GOOD, column: text}, {**GOOD, column: meaning}
    expected = DECODER.decode(json.dumps(canonical).encode())
    found = DECODER.decode(json.dumps(sent).encode())
    assert found.rows == expected.rows and found.warnings == expected.warnings
    many = DECODER.decode(json.dumps([canonical, sent, sent]).encode())
    assert many.rows == expected.rows * 3
    checked = in_file(sent)
    assert checked.accepted.all()
    assert {warning.reason for warning in checked.warnings} == {
        warning.reason for warning in found.warnings
    }
    for name, values in checked.columns.items():
        np.testing.assert_array_equal(values, found.columns[name])
    plain = DECODER.plain_row(json.dumps(sent).encode())
    if plain is not None:
        assert DECODER.decode_batch([plain]).rows == expected.rows


PIECES = st.sampled_from(
    [*"0123456789.,-+()€ T:%Q", "2025", "1.234", ",5", "28.11.2025", "10:00", "CET", "am", "−"]
    + ["yes", "NO", "true", "NaN", "NA", "unknown", "basic", "\u00a0", "e5", "+01:00", "-11-28"]
)
NAMES = [column.name for column in CONTRACT.inputs]


@given(st.sampled_from(NAMES), st.lists(PIECES, max_size=5).map("".join))
@settings(max_examples=600, deadline=None)
def test_any_text_is_read_like_in_a_file(column: str, text: str) -> None:
    sent = {**GOOD, column: text or None}
    by_file, by_row = in_file(sent), check_rows(CONTRACT, [sent])
    assert by_file.accepted.tolist() == by_row.accepted.tolist(), (by_file, by_row)
    np.testing.assert_array_equal(by_file.columns[column], by_row.columns[column])
    body = json.dumps(sent).encode()
    if by_row.accepted.all():
        np.testing.assert_array_equal(DECODER.decode(body).columns[column], by_row.columns[column])
    else:
        with pytest.raises(InvalidRequestBody):
            DECODER.decode(body)


def test_a_column_without_rules_takes_no_texts_for_numbers(shop: Contract) -> None:
    with pytest.raises(InvalidRequestBody) as rejected:
        Decoder(shop).decode(json.dumps({**example_row(shop), "price": "9"}).encode())
    assert [each.column for each in rejected.value.violations] == ["price"]


def test_rows_in_iso_8601_take_the_fast_path() -> None:
    fast = {**GOOD, "at": "2025-11-28 10:00", "day": "2025-11-28T00:00:00Z", "paid": True}
    assert DECODER.plain_row(json.dumps(fast).encode()) is not None
    for changes in ({"day": "2025-11-28"}, {"at": "28.11.2025"}, {"price": "1,5"}, {"at": "never"}):
        assert DECODER.plain_row(json.dumps({**fast, **changes}).encode()) is None


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("months", "should be a whole number"),
        ("price", "should be a finite number or a text with decimal ',', thousands '.', strip '€'"),
        ("at", "should be a date and time in ISO 8601 or %d.%m.%Y %H:%M or %d.%m.%Y"),
        ("seconds", "should be a date and time in ISO 8601 or s since 1970"),
        ("paid", "should be true or false or yes or No"),
    ],
)
@pytest.mark.parametrize("text", ["31.02.2025", "x", "9" * 100_000])
def test_a_rejection_names_what_would_be_read(column: str, reason: str, text: str) -> None:
    sent = {**GOOD, column: text}
    with pytest.raises(InvalidRequestBody) as rejected:
        DECODER.decode(json.dumps(sent).encode())
    assert [each.reason for each in rejected.value.violations] == [reason]
    assert [each.reason for each in in_file(sent).violations] == [reason]


def test_the_schema_allows_the_texts() -> None:
    properties = row_schema(CONTRACT)["properties"]
    assert properties["months"]["type"] == ["integer", "string", "null"]
    assert "missing: 'unknown'" in properties["months"]["description"]
    assert properties["price"]["type"] == ["number", "string", "null"]
    assert properties["price"]["maximum"] == 5000
    assert properties["seconds"]["type"] == ["string", "integer", "null"]
    assert "format" not in properties["at"] and "%d.%m.%Y" in properties["at"]["description"]
    assert properties["tariff"]["enum"] == ["basic", "plus", "?", None]
    assert "blanks" in properties["tariff"]["description"]
    assert label_schema(CONTRACT)["type"] == ["boolean", "string"]
    strict = CONTRACT.column("months").model_copy(update={"nullable": False})
    assert column_schema(strict)["not"] == {"enum": ["unknown"]}


def test_a_request_that_was_read_and_is_no_more_is_a_change_that_breaks_callers() -> None:
    fewer = CONTRACT.model_dump(mode="json")
    for column in fewer["columns"]:
        if column["name"] == "at":
            column["parsing"]["formats"] = ["%d.%m.%Y"]
    changes = differences(CONTRACT, Contract.model_validate(fewer))
    assert [change.summary() for change in changes] == [
        "breaks callers: at reads texts in another way"
    ]
    (back,) = differences(Contract.model_validate(fewer), CONTRACT)
    assert not back.is_breaking


def test_labels_are_read_like_those_of_a_file() -> None:
    def decoded(contract: Contract, label: Any) -> Any:
        body = json.dumps({"prediction_id": "p", "label": label}).encode()
        return decode_labels(body, contract, datetime.now(UTC))[0].label

    assert [decoded(CONTRACT, label) for label in ("Yes", "no", True)] == [True, False, True]
    with pytest.raises(InvalidRequestBody):
        decoded(CONTRACT, "perhaps")
    classes = parse_contract("""
problem: multiclass
label_horizon: 1d
columns:
  a: {type: number}
  y: {type: category, role: target, parsing: {trim: true}, categories: {values: [low, high]}}
""")
    assert decoded(classes, " low ") == "low"
    with pytest.raises(InvalidRequestBody):
        decoded(classes, "lower")
