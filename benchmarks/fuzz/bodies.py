"""Request bodies for the decoder, which has to agree with the check of the contract."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
from hypothesis import strategies as st

from mlops_loop.contract import Contract
from mlops_loop.contract._check import check_rows
from mlops_loop.contract._columns import to_rows
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._decoder import Decoded, Decoder, InvalidRequestBody, parse_rows
from mlops_loop.contract._model import UnknownFields
from mlops_loop.contract._strategy import rows
from mlops_loop.serving._problem import invalid_body

from .mutation import mutated
from .target import Target

CONTRACT = parse_contract("""
problem: regression
label_horizon: 1d
columns:
  key: {type: text, role: id}
  "local time": {type: datetime, role: time}
  amount: {type: number, range: {minimum: -5, maximum: 5, on_violation: reject}}
  count: {type: integer, nullable: true, range: {minimum: 0, on_violation: warn}}
  kind: {type: category, nullable: true, categories: {values: [a, b], on_violation: reject}}
  place: {type: category, categories: {values: [x, y], other: y}}
  size: {type: category, nullable: true, parsing: {missing: ["?"]}}
  class: {type: boolean, nullable: true}
  end: {type: datetime, nullable: true}
  outcome: {type: number, role: target}
""")
# A name that no struct can have, so that all bodies are left to the check.
QUOTED = parse_contract("""
problem: regression
label_horizon: 1d
columns:
  'the "key"': {type: text, nullable: true}
  amount: {type: number, nullable: true}
  end: {type: datetime, nullable: true}
  outcome: {type: number, role: target}
""")
MAX_ROWS = 30

_NUMBERS = "0 -0 -0.0 1e308 1e309 -1e999 1e-400 9007199254740993 18446744073709551616 NaN Infinity"
_TEXTS = [
    *("2013-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2013-W01-1"),
    *("2013-01-01t10:00:00z", "2013-01-01T24:00", "10:00", "?", "a", "true", "\0", "\ud800", "😀"),
]
_VALUES = st.one_of(
    st.sampled_from([*_NUMBERS.split(), "1" * 400, "0." + "3" * 400, "null", "true", "{}", "[]"]),
    st.sampled_from(_TEXTS).map(json.dumps),
    st.text(max_size=8).map(json.dumps),
    st.floats().map(json.dumps),
    st.integers().map(json.dumps),
    st.sampled_from(["[", '{"a":']).flatmap(lambda text: st.integers(1, 3000).map(text.__mul__)),
    st.integers(1, 1200).map(lambda depth: "[" * depth + "]" * depth),
)
_RAW = st.binary(max_size=200)


def _object(contract: Contract) -> st.SearchStrategy[str]:
    """An object as text, so that a name may come twice and a value may be no JSON."""
    names = st.sampled_from([*contract.by_name, "stranger", ""]).map(json.dumps)
    members = st.tuples(names | st.text(max_size=4).map(json.dumps), _VALUES)

    def text(row: dict[str, Any], added: list[tuple[str, str]]) -> str:
        own = [(json.dumps(name), json.dumps(value)) for name, value in row.items()]
        return "{" + ",".join(f"{name}: {value}" for name, value in [*own, *added]) + "}"

    return st.builds(text, rows(contract), st.lists(members, max_size=3))


def _bodies(contract: Contract) -> st.SearchStrategy[bytes]:
    item = _object(contract)
    several = st.lists(item | item | _VALUES, max_size=MAX_ROWS + 3)
    texts = item | several.map(lambda items: "[" + ",".join(items) + "]") | _VALUES
    encoded = st.builds(
        lambda text, encoding: text.encode(encoding, "surrogatepass"),
        texts,
        st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16"]),
    )
    return encoded | mutated(encoded) | _RAW


def _decoding(name: str, contract: Contract, unknown_fields: UnknownFields) -> Target:
    decoder = Decoder(contract, unknown_fields)

    def run(body: bytes) -> None:
        plain = decoder.plain_row(body)
        try:
            decoded = decoder.decode(body, MAX_ROWS)
        except InvalidRequestBody as error:
            invalid_body(error).encode("fuzz")
            _require_rejected(contract, body, unknown_fields)
            return
        msgspec.json.encode(decoded.rows)
        sent, many = parse_rows(body, MAX_ROWS)
        assert many == decoded.many
        checked = check_rows(contract, sent, unknown_fields=unknown_fields)
        assert not checked.rejections, checked.rejections
        assert set(map(str, checked.warnings)) == set(map(str, decoded.warnings))
        expected = to_rows(contract.inputs, checked.columns)
        _require_same(decoded, Decoded(checked.columns, expected, many, ()))
        if plain is not None:
            # It says so if a row was not plain after all.
            with suppress(ValueError, OverflowError):
                _require_same(decoder.decode_batch([plain]), decoded)

    return Target(name, ".json", _bodies(contract), run)


def _require_rejected(contract: Contract, body: bytes, unknown_fields: UnknownFields) -> None:
    """Check that a rejected body is not JSON, too large or against the contract."""
    sent, _ = parse_rows(body, MAX_ROWS)
    rows = [row for row in sent if isinstance(row, dict)]
    checked = check_rows(contract, rows, unknown_fields=unknown_fields)
    assert len(rows) < len(sent) or checked.rejections, "a valid body is rejected"


def _require_same(decoded: Decoded, expected: Decoded) -> None:
    assert decoded.rows == expected.rows
    for name, array in expected.columns.items():
        assert decoded.columns[name].dtype == array.dtype
        np.testing.assert_array_equal(decoded.columns[name], array)


TARGETS = [
    _decoding("bodies", CONTRACT, "reject"),
    _decoding("open-bodies", CONTRACT, "ignore"),
    _decoding("quoted-names", QUOTED, "reject"),
]
