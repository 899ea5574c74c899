"""The views of one contract agree: what a row is told does not depend on the door it comes in by.

Each row goes to ingestion (pandera) and to batch scoring, as a CSV file and as a Parquet file would
bring it, to the service, and to the JSON Schema that callers have. What a writing cannot hold is
left out of it: CSV has texts only, and in either file whole numbers may stand for categories.
Fields that the contract does not know are another matter: a file may have more columns than are
wanted, a caller who sends one has misunderstood.
"""

import json
import math
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import httpx
import pyarrow as pa
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from mlops_loop.contract import Column, Contract, load_contract
from mlops_loop.contract._arrow import table_columns
from mlops_loop.contract._casting import check_table
from mlops_loop.contract._columns import to_datetime64
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._decoder import Decoder, InvalidRequestBody
from mlops_loop.contract._json_schema import example_row, row_schema
from mlops_loop.contract._strategy import rows
from mlops_loop.contract._violations import Checked
from mlops_loop.data._validation import validate

from . import services
from .places import FLIGHTS

OWN = load_contract(FLIGHTS / "config/contract.yaml")
SHOP = parse_contract(services.SHOP)

Row = dict[str, Any]
Cell = Callable[[Column, Any], Any]
ABSENT = object()
NOT_READ: dict[str, list[Any]] = {
    "integer": ["many", 1.5, True, 2**63, 10**20, -(10**20), 10**400],
    "number": ["low", True, 10**400],
    "boolean": ["perhaps", 2, 0.5],
    "category": [],
    "text": [5, 1.5, True],
    "datetime": ["yesterday", "2013-13-01", "2013", "2013-01", "2013-01-01T25", 5, 2013, 1.5, True],
}
LAST = "9999-12-31T23:59:59.999999"
ODD: dict[str, list[Any]] = {
    "integer": [7.0, -0.0, 2**53, 2**62, -(2**62)],
    "number": [3, -0.0, 1e-320, 2**53 + 1, 1e300],
    "datetime": [
        "2013-01-01",
        "2013-01-01 10:00",
        "2013-01-01T10:00:00Z",
        "2013-01-01T10:00:00.1234567+05:30",
        "0001-01-01T00:00:00+14:00",
        "20130101T10",
        "2013-01-01t10:00:00z",
        "2013-W01-1",
        "2013-01-01T23:59:60",
        " 2013-01-01",
        "1677-01-01T00:00:00",
        LAST,
    ],
}
LIMITS = (math.inf, -math.inf)
# A row names few columns as it is, and looking for a smaller one takes minutes.
NO_SHRINKING = (Phase.explicit, Phase.generate)


class NotWritable(Exception):
    """A kind of file has no cell for a value."""


class CheckOutcome(NamedTuple):
    """What is said of one row: (column, reason) of each refusal and of each warning.

    A row that is refused is not warned of as well where it makes no difference.
    """

    refused: frozenset[tuple[str, str]]
    warned: frozenset[tuple[str, str]]


def changes(column: Column) -> list[Any]:
    """Values of one column that break the contract, or look as if they might."""
    found: list[Any] = [None, ABSENT, [1], {"a": 1}]
    if column.parsing is None:
        found += NOT_READ[column.type] + ODD.get(column.type, [])
    if column.role == "time":
        # Only a service knows when a row arrives, and rejects one of a far future.
        found = [value for value in found if value != LAST]
    if column.range is not None:
        step = 1.0 if column.type == "integer" else 0.25
        for edge in (column.range.minimum, column.range.maximum):
            found += [] if edge is None else [edge - step, edge, edge + step]
            if edge is not None and column.type == "number":
                found += [math.nextafter(edge, limit) for limit in LIMITS]
    if column.categories is not None:
        word = column.categories.values[0]
        found += ["no such word", f"{word} ", f"{word}{word}", "😀"]
    return found


def sent_rows(contract: Contract) -> st.SearchStrategy[Row]:
    """Rows that keep the contract but for a few columns."""
    changed = st.lists(st.sampled_from(contract.inputs), max_size=3, unique=True).flatmap(
        lambda columns: st.fixed_dictionaries(
            {column.name: st.sampled_from(changes(column)) for column in columns}
        )
    )
    return st.tuples(rows(contract), changed).map(lambda both: changed_row(*both))


def changed_row(row: Row, changed: Row) -> Row:
    return {name: value for name, value in {**row, **changed}.items() if value is not ABSENT}


def csv_cell(column: Column, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if column.parsing is not None or column.type in ("category", "text"):
        raise NotWritable
    if isinstance(value, list | dict):
        raise NotWritable
    return str(value)


def parquet_cell(column: Column, value: Any) -> Any:
    if column.type == "category" and isinstance(value, int | float):
        raise NotWritable
    if column.type == "datetime" and isinstance(value, str):
        try:
            return to_datetime64(datetime.fromisoformat(value))
        except (ValueError, OverflowError):
            return value
    if isinstance(value, int) and abs(value) >= 2**63:
        return float(value) if value < 10**300 else math.inf
    return value


def tables(contract: Contract, row: Row) -> Iterator[pa.Table]:
    """The row as the kinds of files bring it, with an outcome."""
    target = contract.classes[0] if contract.classes else 1.0
    whole = {**row, contract.target.name: target}
    cells: tuple[Cell, ...] = (csv_cell, parquet_cell)
    for cell in cells:
        try:
            yield pa.table(
                {
                    name: pa.array([cell(contract.column(name), value)])
                    for name, value in whole.items()
                }
            )
        except NotWritable:
            continue


def by_ingestion(contract: Contract, table: pa.Table) -> CheckOutcome:
    found = validate(contract, table)
    lines = found.violations.itertuples(index=False, name=None)
    verdict = verdict_of([(column, reason, action) for _, column, reason, action in lines])
    assert found.accepted.all() == (not verdict.refused)
    return verdict


def by_batch(contract: Contract, table: pa.Table) -> CheckOutcome:
    found: Checked = check_table(contract, table, table_columns(contract))
    verdict = verdict_of([(one.column, one.reason, one.action) for one in found.violations])
    assert found.accepted.all() == (not verdict.refused)
    return verdict


def by_decoder(decoder: Decoder, row: Row) -> CheckOutcome:
    try:
        found = decoder.decode(json.dumps(row).encode()).warnings
    except InvalidRequestBody as refusal:
        found = refusal.violations
    return verdict_of([(one.column, one.reason, one.action) for one in found])


def by_service(http: httpx.Client, row: Row) -> CheckOutcome:
    answer = http.post("/predict", json=row)
    assert answer.status_code in (200, 422), answer.text
    action = "reject" if answer.status_code == 422 else "warn"
    listed = answer.json().get("violations" if action == "reject" else "warnings", [])
    return verdict_of([(one["column"], one["reason"], action) for one in listed])


def verdict_of(found: list[tuple[str, str, str]]) -> CheckOutcome:
    refused, warned = (
        frozenset((column, reason) for column, reason, what in found if what == action)
        for action in ("reject", "warn")
    )
    return CheckOutcome(refused, frozenset() if refused else warned)


def refused_by_schema(contract: Contract, row: Row) -> set[str]:
    """The columns that break the JSON Schema, by those of its rules that it makes use of."""
    schema = row_schema(contract)
    absent = set(schema["required"]) - set(row)
    return absent | {
        name for name, value in row.items() if not keeps(schema["properties"][name], value)
    }


def keeps(schema: dict[str, Any], value: Any) -> bool:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(is_of(kind, value) for kind in kinds):
        return False
    if "enum" in schema:
        return value in schema["enum"]
    numeric = is_of("number", value)
    least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    return not numeric or least <= value <= most


def is_of(kind: str, value: Any) -> bool:
    if kind == "null":
        return value is None
    if kind in ("integer", "number"):
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        return numeric and (kind == "number" or value == math.floor(value))
    return isinstance(value, {"string": str, "boolean": bool}.get(kind, ()))


def assert_views_agree(contract: Contract, row: Row, verdict: CheckOutcome) -> None:
    """Batch scoring and the schema say what the service said."""
    for table in tables(contract, row):
        assert by_batch(contract, table) == verdict
    refused = {column for column, _ in verdict.refused}
    # A schema does not look into texts, and sees no end of numbers.
    seen = {column for column in refused if not is_beyond_schema(contract, column, row)}
    assert seen <= refused_by_schema(contract, row) <= refused


def is_beyond_schema(contract: Contract, name: str, row: Row) -> bool:
    value, kind = row.get(name), contract.column(name).type
    if kind == "datetime":
        return isinstance(value, str)
    return kind in ("integer", "number") and is_of("number", value)


def assert_ingestion_agrees(contract: Contract, row: Row, verdict: CheckOutcome) -> None:
    for table in tables(contract, row):
        assert by_ingestion(contract, table) == verdict


def test_each_kind_of_violation_is_told_the_same_at_every_door(served: Any) -> None:
    for column in SHOP.inputs:
        for value in changes(column):
            row = changed_row(dict(example_row(SHOP)), {column.name: value})
            verdict = by_service(served.http, row)
            assert {name for name, _ in verdict.refused | verdict.warned} <= {column.name}
            assert_views_agree(SHOP, row, verdict)


@given(sent_rows(SHOP))
@settings(
    max_examples=40,
    deadline=None,
    phases=NO_SHRINKING,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example({**example_row(SHOP), "pieces": 100, "sold as": "pair"})
@example({})
def test_any_row_is_told_the_same_at_every_door(served: Any, row: Row) -> None:
    verdict = by_service(served.http, row)
    assert by_decoder(Decoder(SHOP), row) == verdict
    assert_views_agree(SHOP, row, verdict)
    assert_ingestion_agrees(SHOP, row, verdict)


@given(sent_rows(OWN))
@settings(max_examples=30, deadline=None, phases=NO_SHRINKING)
def test_the_views_of_the_projects_own_contract_agree(row: Row) -> None:
    verdict = by_decoder(Decoder(OWN), row)
    assert_views_agree(OWN, row, verdict)
    assert_ingestion_agrees(OWN, row, verdict)
