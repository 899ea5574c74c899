"""Three guards, one verdict: rows as JSON, tables in batches, and pandera at ingestion."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors

from mlops_loop.contract import load_contract
from mlops_loop.contract._arrow import arrow_schema, from_arrow, to_arrow
from mlops_loop.contract._casting import check_table, read_table
from mlops_loop.contract._check import check_columns, check_rows, columns_with_violations
from mlops_loop.contract._columns import to_rows
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._pandera_schema import (
    find_violations,
    pandera_schema,
    to_frame,
)
from mlops_loop.contract._strategy import rows
from mlops_loop.contract._violations import Checked
from mlops_loop.data._validation import Validated, validate

from .places import FLIGHTS

OWN = load_contract(FLIGHTS / "config/contract.yaml")
CONTRACT = parse_contract("""
problem: binary
label_horizon: 1h
columns:
  key: {type: text, role: id}
  at: {type: datetime, role: time}
  seen: {type: datetime, nullable: true}
  count: {type: integer, range: {minimum: 0, maximum: 100, on_violation: reject}}
  level: {type: number, nullable: true, range: {minimum: -1.5, on_violation: warn}}
  share: {type: number, range: {minimum: 0, maximum: 1, on_violation: reject}}
  flag: {type: boolean, nullable: true}
  colour: {type: category, categories: {values: [red, green], on_violation: reject}}
  shape: {type: category, nullable: true, categories: {values: [round, flat], on_violation: warn}}
  note: {type: text, nullable: true}
  y: {type: boolean, role: target}
""")
GOOD: dict[str, Any] = {
    "key": "a",
    "at": "2026-01-02T03:04:05+01:00",
    "seen": None,
    "count": 3,
    "level": None,
    "share": 0.5,
    "flag": True,
    "colour": "red",
    "shape": None,
    "note": None,
}
NOT_READ = "should be "
# A value that breaks the contract, and how its reason begins.
BROKEN = [
    ("key", None, "is missing"),
    ("at", None, "is missing"),
    ("at", "yesterday", NOT_READ),
    ("seen", "2026-13-01", NOT_READ),
    ("count", None, "is missing"),
    ("count", -1, "is below 0"),
    ("count", 101, "is above 100"),
    ("count", 1.5, NOT_READ),
    ("count", "many", NOT_READ),
    ("level", -2, "is below -1.5"),
    ("level", "low", NOT_READ),
    ("share", None, "is missing"),
    ("share", 1.01, "is above 1"),
    ("share", 1e400, NOT_READ),
    ("flag", "perhaps", NOT_READ),
    ("flag", 2, NOT_READ),
    ("colour", None, "is missing"),
    ("colour", "blue", "is not one of"),
    ("shape", "oval", "is not one of"),
]
Found = set[tuple[int, str, str, str]]


def as_texts(records: list[dict[str, Any]]) -> pa.Table:
    """The rows as a CSV reader hands them over."""
    names = [column.name for column in CONTRACT.inputs]
    cells = {name: [record[name] for record in records] for name in names}
    return pa.table(
        {
            name: pa.array([None if cell is None else str(cell) for cell in column], pa.string())
            for name, column in cells.items()
        }
    )


def found_by_check(checked: Checked) -> Found:
    return {(one.row, one.column, one.reason, one.action) for one in checked.violations}


def found_by_pandera(validated: Validated) -> Found:
    return set(validated.violations.itertuples(index=False, name=None))


def assert_one_verdict(records: list[dict[str, Any]]) -> Found:
    by_rows = check_rows(CONTRACT, records)
    by_table = check_table(CONTRACT, as_texts(records), CONTRACT.inputs)
    by_pandera = validate(CONTRACT, as_texts(records), CONTRACT.inputs)
    assert found_by_check(by_rows) == found_by_check(by_table) == found_by_pandera(by_pandera)
    np.testing.assert_array_equal(by_rows.accepted, by_table.accepted)
    np.testing.assert_array_equal(by_rows.accepted, by_pandera.accepted)
    table = read_table(CONTRACT.inputs, as_texts(records)).table
    named = set(find_violations(CONTRACT, table, CONTRACT.inputs)["column"])
    columns = from_arrow(CONTRACT, table)
    assert named == {column.name for column in columns_with_violations(CONTRACT.inputs, columns)}
    return found_by_check(by_rows)


@pytest.mark.parametrize(("column", "value", "reason"), BROKEN)
def test_each_kind_of_violation_is_found_alike(column: str, value: object, reason: str) -> None:
    found = assert_one_verdict([GOOD, {**GOOD, column: value}, GOOD])
    assert [(row, name) for row, name, _, _ in found] == [(1, column)]
    assert next(iter(found))[2].startswith(reason)


@settings(max_examples=15, deadline=None)
@given(
    records=st.lists(rows(CONTRACT), min_size=1, max_size=8),
    is_breaking=st.lists(st.tuples(st.integers(0, 7), st.sampled_from(BROKEN)), max_size=8),
)
def test_any_mixture_of_violations_is_found_alike(
    records: list[dict[str, Any]], is_breaking: list[tuple[int, tuple[str, object, str]]]
) -> None:
    records = [dict(record) for record in records]
    for row, (column, value, _) in is_breaking:
        records[row % len(records)][column] = value
    assert_one_verdict(records)


@settings(max_examples=10, deadline=None)
@given(records=st.lists(rows(OWN), min_size=1, max_size=5))
def test_the_strategy_makes_rows_that_nobody_objects_to(records: list[dict[str, Any]]) -> None:
    checked = check_rows(OWN, records)
    assert checked.violations == ()
    assert validate(OWN, to_arrow(OWN, checked.columns), OWN.inputs).violations.empty


@settings(max_examples=20, deadline=None)
@given(records=st.lists(rows(CONTRACT), min_size=1, max_size=5))
def test_rows_survive_the_way_through_arrow(records: list[dict[str, Any]]) -> None:
    columns = check_rows(CONTRACT, records).columns
    table = to_arrow(CONTRACT, columns)
    assert table.schema == arrow_schema(CONTRACT, target=False)
    back = from_arrow(CONTRACT, table)
    assert to_rows(CONTRACT.inputs, back) == to_rows(CONTRACT.inputs, columns)


def test_a_field_the_contract_does_not_know_is_refused() -> None:
    checked = check_rows(CONTRACT, [{**GOOD, "colour ": "red"}])
    assert [one.summary() for one in checked.rejections] == ["colour  is not in the contract"]


def test_what_only_warns_does_not_refuse() -> None:
    checked = check_rows(CONTRACT, [{**GOOD, "shape": "oval"}])
    assert checked.accepted.all()
    assert not checked.rejections and len(checked.warnings) == 1
    assert check_columns(CONTRACT, checked.columns).violations == checked.violations


@pytest.mark.parametrize(
    ("column", "values", "wanted"),
    [
        ("count", pa.array([1, None], pa.int8()), [1.0, None]),
        ("count", pa.array([1.0, float("nan")]), [1.0, None]),
        ("count", ["5.0", " 7"], [5.0, 7.0]),
        ("level", ["+1.5", "1e3", "x"], [1.5, 1000.0, None]),
        ("level", pa.array([1, 2]).cast(pa.decimal128(21, 2)), [1.0, 2.0]),
        ("level", pa.array([True]), [None]),
        ("flag", ["TRUE", "0", "False"], [1.0, 0.0, 0.0]),
        ("colour", pa.array(["red", None]).dictionary_encode(), ["red", None]),
        ("flag", pa.array([1, 0, 2]), [1.0, 0.0, None]),
        ("flag", pa.array([1.0, None]), [1.0, None]),
        ("colour", pa.array([1, None]), ["1", None]),
        ("colour", pa.array([1.0, 1.5]), ["1", None]),
        ("note", pa.array(["x"], pa.large_string()), ["x"]),
    ],
)
def test_other_writers_types_are_read(column: str, values: Any, wanted: list[object]) -> None:
    spec = CONTRACT.column(column)
    cast = read_table([spec], pa.table({column: values}))
    read = from_arrow(CONTRACT, cast.table)[column].tolist()
    assert [None if value != value else value for value in read] == wanted


@pytest.mark.parametrize(
    "values",
    [
        pa.array([datetime(2026, 1, 2, 3)]),
        pa.array([datetime(2026, 1, 2, 3, tzinfo=UTC)]),
        ["2026-01-02 03:00"],
        ["2026-01-02T04:00:00+01:00"],
        ["2026-01-02T04:00:00+01:00", "2026-01-02 03:00", "never"],
    ],
)
def test_moments_without_a_zone_are_utc(values: Any) -> None:
    table = pa.table({"at": values})
    cast = read_table([CONTRACT.column("at")], table)
    moments = cast.table["at"].to_pylist()
    assert set(moments[:2]) == {datetime(2026, 1, 2, 3, tzinfo=UTC)}
    assert moments[2:] == [None] * (len(moments) - 2)


def test_a_frame_of_a_notebook_is_refused_but_not_for_what_only_warns() -> None:
    good = check_rows(CONTRACT, [{**GOOD, "shape": "oval"}]).columns
    schema = pandera_schema(CONTRACT, CONTRACT.inputs)
    schema.validate(to_frame(to_arrow(CONTRACT, good)), lazy=True)
    bad = check_rows(CONTRACT, [{**GOOD, "colour": "blue"}]).columns
    with pytest.raises(SchemaErrors, match="known categories"):
        schema.validate(to_frame(to_arrow(CONTRACT, bad)), lazy=True)


def test_whole_numbers_are_held_against_a_range_that_64_bits_do_not_hold() -> None:
    contract = parse_contract("""
problem: binary
label_horizon: 1d
columns:
  a: {type: integer, range: {minimum: -1.0e+30, maximum: 1.0e+30, on_violation: reject}}
  b: {type: integer, range: {minimum: 1.0e+30, on_violation: warn}}
  y: {type: boolean, role: target}
""")
    found = validate(contract, pa.table({"a": [-(2**62), 5], "b": [2**62, 5], "y": [True, False]}))
    assert found.accepted.all()
    assert found.violations["column"].tolist() == ["b", "b"]


def test_a_huge_whole_number_beside_a_bad_fraction_is_one_bad_row() -> None:
    contract = parse_contract("""
problem: binary
label_horizon: 1d
columns:
  a: {type: integer, range: {minimum: 0, maximum: 1439, on_violation: reject}}
  b: {type: number, range: {minimum: 0, on_violation: reject}}
  y: {type: boolean, role: target}
""")
    table = pa.table({"a": [-(2**62), 5], "b": [-1.5, 2.0], "y": [True, False]})
    found = validate(contract, table)
    assert found.accepted.tolist() == [False, True]
    assert sorted(found.violations["column"]) == ["a", "b"]
