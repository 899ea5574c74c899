"""A feature may look at nothing but its own row."""

import json
from typing import Any

import numpy as np
import pytest
from flights.features import FEATURES
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_loop._code_digest import source_digest
from mlops_loop._encoder import Encoder
from mlops_loop._feature_set import FeatureSet
from mlops_loop.contract import load_contract
from mlops_loop.contract._arrow import from_arrow, to_arrow
from mlops_loop.contract._check import check_rows
from mlops_loop.contract._columns import Columns, concat, take
from mlops_loop.contract._decoder import Decoder
from mlops_loop.contract._strategy import rows
from mlops_loop.errors import ContractError

from .places import FLIGHTS

CONTRACT = load_contract(FLIGHTS / "config/contract.yaml")
ROWS = st.lists(rows(CONTRACT), min_size=2, max_size=6)


def features_of(records: list[dict[str, Any]]) -> Columns:
    return FEATURES.apply(check_rows(CONTRACT, records).columns)


def assert_same(one: Columns, other: Columns) -> None:
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].dtype == other[name].dtype, name
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@settings(max_examples=25, deadline=None)
@given(records=ROWS, data=st.data())
def test_the_order_of_rows_changes_no_feature(records: list[Any], data: st.DataObject) -> None:
    order = np.array(data.draw(st.permutations(range(len(records)))))
    assert_same(take(features_of(records), order), features_of([records[i] for i in order]))


@settings(max_examples=25, deadline=None)
@given(records=ROWS)
def test_a_row_alone_has_the_features_it_has_among_others(records: list[Any]) -> None:
    assert_same(features_of(records), concat([features_of([record]) for record in records]))


@settings(max_examples=10, deadline=None)
@given(records=ROWS)
def test_every_feature_has_one_value_a_row_and_leaves_its_inputs(records: list[Any]) -> None:
    columns = check_rows(CONTRACT, records).columns
    before = {name: values.copy() for name, values in columns.items()}
    made = FEATURES.apply(columns)
    assert {values.shape for values in made.values()} == {(len(records),)}
    assert_same(columns, before)
    assert {column.name for column in FEATURES.columns(CONTRACT)} <= made.keys()


@settings(max_examples=2, deadline=None)
@given(records=st.lists(rows(CONTRACT), min_size=12, max_size=24))
def test_ten_thousand_rows_are_the_same_bits_offline_and_one_by_one_online(
    records: list[Any],
) -> None:
    """From a table all at once, as training does, and from bodies of requests, as the service."""
    rng = np.random.default_rng(1)
    chosen = {name: rng.integers(0, len(records), 10_000) for name in records[0]}
    mixed = [
        {name: records[places[at]][name] for name, places in chosen.items()} for at in range(10_000)
    ]
    table = to_arrow(CONTRACT, check_rows(CONTRACT, mixed).columns)
    offline = FEATURES.apply(from_arrow(CONTRACT, table))
    encoder = Encoder.fit(FEATURES.columns(CONTRACT), offline)
    decoder = Decoder(CONTRACT)
    alone = [decoder.decode(json.dumps(row).encode()).columns for row in mixed]
    online = np.concatenate([encoder.encode(FEATURES.apply(row)) for row in alone])
    assert online.dtype == np.float32 and len(online) == 10_000
    assert encoder.encode(offline).tobytes() == online.tobytes()


def test_a_feature_of_an_unknown_column_is_an_error_that_names_both() -> None:
    features = FeatureSet()

    @features.feature(inputs=("no_such_column",), output="number")
    def hopeful(column: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return column

    with pytest.raises(ContractError, match="hopeful .* 'no_such_column'"):
        features.columns(CONTRACT)


def test_the_digest_ignores_comments_and_layout_but_not_code() -> None:
    code = "def double(x):\n    return x * 2\n"
    same = "# why\n\ndef double( x ):\n\n        return x*2  # twice\n"
    assert source_digest(code) == source_digest(same)
    assert source_digest(code) != source_digest(code.replace("2", "3"))
    assert source_digest("if a:\n    b()\n    c()\n") != source_digest("if a:\n    b()\nc()\n")
    assert len(FEATURES.digest) == 16
