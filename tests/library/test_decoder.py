import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_loop.contract._check import check_rows
from mlops_loop.contract._column_definition import Column, Range
from mlops_loop.contract._columns import to_rows
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._decoder import (
    MAX_LISTED,
    Decoded,
    Decoder,
    InvalidRequestBody,
    TooManyRows,
)
from mlops_loop.contract._json_schema import example_row
from mlops_loop.contract._model import Contract
from mlops_loop.contract._strategy import rows

CONTRACT = parse_contract("""
problem: regression
label_horizon: 1d
columns:
  key: {type: text, role: id}
  "local time": {type: datetime, role: time}
  amount: {type: number, range: {minimum: -5, maximum: 5, on_violation: reject}}
  count: {type: integer, nullable: true, range: {minimum: 0, on_violation: warn}}
  kind: {type: category, nullable: true, categories: {values: [a, b], on_violation: reject}}
  place: {type: category, categories: {values: [x, y], on_violation: warn}}
  class: {type: boolean, nullable: true}
  end: {type: datetime, nullable: true}
  noted: {type: text, role: ignore}
  outcome: {type: number, role: target}
""")
DECODER = Decoder(CONTRACT)

ODDITIES: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, 0, 5, 7.0, -1, 1.5, 2**53 + 1, 10**400, "", "a", "z", [], {}, [1]),
        *(
            "2013-01-01",
            "2013-01-01T10:00:00.1234567+05:30",
            "0001-01-01T00:00:00+14:00",
            "20130101T10",
        ),
        *("2013-01-01t10:00:00z", "2013-W01-1", "x\u0000", "😀"),
    ]
)


def assert_same(found: Decoded, contract: Contract, sent: list[dict[str, Any]]) -> None:
    checked = check_rows(contract, sent)
    assert not checked.rejections
    for name, array in checked.columns.items():
        np.testing.assert_array_equal(found.columns[name], array)
        assert found.columns[name].dtype == array.dtype
    assert found.rows == to_rows(contract.inputs, checked.columns)
    assert set(found.warnings) == set(checked.warnings)


@given(st.lists(rows(CONTRACT), max_size=20))
@settings(max_examples=50, deadline=None)
def test_valid_rows_come_out_as_the_check_reads_them(sent: list[dict[str, Any]]) -> None:
    found = DECODER.decode(json.dumps(sent).encode())
    assert found.many
    assert_same(found, CONTRACT, sent)


@given(
    rows(CONTRACT),
    st.dictionaries(st.sampled_from([*CONTRACT.by_name, "stranger"]), ODDITIES, max_size=3),
    st.sets(st.sampled_from([*CONTRACT.by_name]), max_size=2),
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_sent_the_check_has_the_last_word(
    row: dict[str, Any], changes: dict[str, Any], dropped: set[str]
) -> None:
    sent = {name: value for name, value in {**row, **changes}.items() if name not in dropped}
    rejections = check_rows(CONTRACT, [sent]).rejections
    body = json.dumps(sent).encode()
    if rejections:
        with pytest.raises(InvalidRequestBody) as refused:
            DECODER.decode(body)
        assert set(map(str, refused.value.violations)) == set(map(str, rejections))
    else:
        assert_same(DECODER.decode(body), CONTRACT, [sent])


def test_one_object_is_not_many(shop: Contract) -> None:
    found = Decoder(shop).decode(b"\n " + json.dumps(example_row(shop)).encode())
    assert not found.many
    assert len(found.rows) == 1


@pytest.mark.parametrize("count", [1, 50])
def test_a_value_that_may_pass_is_warned_of(shop: Contract, count: int) -> None:
    row = {**example_row(shop), "pieces": 100, "sold as": "pair"}
    found = Decoder(shop).decode(json.dumps([row] * count).encode())
    assert {(w.row, w.column) for w in found.warnings} == {
        (number, column) for number in range(count) for column in ("pieces", "sold as")
    }


def test_every_violation_of_every_row_is_named(shop: Contract) -> None:
    good = example_row(shop)
    sent = [good, {**good, "price": -1, "country": "XX", "colour": "red"}, 5, {"price": "9"}]
    with pytest.raises(InvalidRequestBody) as refused:
        Decoder(shop).decode(json.dumps(sent).encode())
    found = {(violation.row, violation.column) for violation in refused.value.violations}
    assert {(1, "price"), (1, "country"), (1, "colour"), (2, ""), (3, "price"), (3, "at")} <= found
    assert not [row for row, _ in found if row == 0]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nonsense", b'{"a": NaN}', b'{"a": 1e400}', b'{"a": "\xff"}', b'"\\ud800"']
    + [b"[" * 100_000, b"{} {}"],
)
def test_what_is_not_json_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(InvalidRequestBody, match="not valid JSON") as refused:
        DECODER.decode(body)
    assert refused.value.violations == ()


def test_a_huge_text_among_many_rows_takes_no_huge_memory(shop: Contract) -> None:
    rows = [example_row(shop)] * 500
    rows[0] = {**rows[0], "sold as": "x" * 1_000_000}
    assert len(Decoder(shop).decode(json.dumps(rows).encode()).warnings) == 1


def test_unknown_fields_are_ignored_where_that_is_said() -> None:
    row = {**dict(example_row(CONTRACT)), "stranger": [1], "noted": "n"}
    body = json.dumps(row).encode()
    with pytest.raises(InvalidRequestBody) as refused:
        DECODER.decode(body)
    (found,) = refused.value.violations
    assert (found.column, found.reason) == ("stranger", "is not in the contract")
    lenient = Decoder(CONTRACT, "ignore")
    assert (
        lenient.decode(body).rows == DECODER.decode(json.dumps(example_row(CONTRACT)).encode()).rows
    )
    assert lenient.plain_row(body) is not None
    # The slow way, which finds out what else is wrong, says nothing of them either.
    with pytest.raises(InvalidRequestBody) as refused:
        lenient.decode(json.dumps({**row, "amount": 9}).encode())
    assert [found.column for found in refused.value.violations] == ["amount"]


def test_violations_beyond_the_limit_are_counted_and_the_first_rows_are_listed() -> None:
    good = example_row(CONTRACT)
    bad = [{**good, "amount": 9, "kind": "z", "stranger": 1}, {**good, "amount": "text"}, 5]
    sent = [good, *bad * 200]
    numbers = [number for number, row in enumerate(sent) if isinstance(row, dict)]
    every = check_rows(CONTRACT, [sent[number] for number in numbers]).rejections
    with pytest.raises(InvalidRequestBody) as refused:
        DECODER.decode(json.dumps(sent).encode())
    listed = refused.value.violations
    assert len(listed) == MAX_LISTED
    assert len(listed) + refused.value.omitted == len(every) + 200
    last = listed[-1].row
    assert {one.row for one in listed} == set(range(1, last + 1))


def test_too_many_rows_are_rejected_whatever_is_in_them() -> None:
    good = example_row(CONTRACT)
    for sent in ([good] * 4, [{}] * 4, [5] * 4, [good, good, good, {"stranger": 1}]):
        with pytest.raises(TooManyRows, match=r"4 rows in one request \(limit 3\)"):
            DECODER.decode(json.dumps(sent).encode(), max_rows=3)
    assert len(DECODER.decode(json.dumps([good] * 3).encode(), max_rows=3).rows) == 3


ODD_NAMES = (
    'say "hi"',
    "back\\slash",
    "tab\there",
    "\x00\x01",
    "</script>",
    "é😀",
    "%s {{x}}",
    " ",
)


@pytest.mark.parametrize("name", ODD_NAMES)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_a_column_may_have_any_name(name: str, data: st.DataObject) -> None:
    columns = [
        Column(name=name, type="number", range=Range(minimum=-5, on_violation="reject")),
        Column(name=f"{name}2", type="category", nullable=True),
        Column(name="y", type="boolean", role="target"),
    ]
    contract = Contract(problem="binary", label_horizon=timedelta(1), columns=tuple(columns))
    decoder = Decoder(contract)
    sent = data.draw(st.lists(rows(contract), min_size=1, max_size=20))
    for ascii_only in (True, False):
        body = json.dumps(sent, ensure_ascii=ascii_only).encode()
        assert_same(decoder.decode(body), contract, sent)
    plain = decoder.plain_row(json.dumps(sent[0]).encode())
    assert plain is None or plain == tuple(sent[0].get(spec.name) for spec in contract.inputs)
    with pytest.raises(InvalidRequestBody) as refused:
        decoder.decode(json.dumps({**sent[0], name: -6, "stranger": 1}).encode())
    assert {found.column for found in refused.value.violations} == {name, "stranger"}
