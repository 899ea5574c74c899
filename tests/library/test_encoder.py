"""One matrix, the same in training, batch and online."""

from typing import Any

import numpy as np
from flights.features import FEATURES
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_loop._encoder import LARGEST, Encoder
from mlops_loop._feature_set import FeatureColumn
from mlops_loop.contract import load_contract
from mlops_loop.contract._check import check_rows
from mlops_loop.contract._columns import Columns, take
from mlops_loop.contract._strategy import rows

from .places import FLIGHTS

CONTRACT = load_contract(FLIGHTS / "config/contract.yaml")
ROWS = st.lists(rows(CONTRACT), min_size=1, max_size=6)
SPECS = (
    FeatureColumn("size", "number"),
    FeatureColumn("colour", "category"),
    FeatureColumn("at", "datetime", calendar=True),
    FeatureColumn("flag", "boolean"),
)


def words(*values: str | None) -> np.ndarray[Any, Any]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def table(colours: np.ndarray[Any, Any]) -> Columns:
    rows = len(colours)
    return {
        "size": np.linspace(0.5, 1.5, rows),
        "colour": colours,
        "at": np.array(["2026-03-01T23:30"] * rows, dtype="datetime64[us]"),
        "flag": np.ones(rows),
    }


def made(records: list[dict[str, Any]]) -> Columns:
    return FEATURES.apply(check_rows(CONTRACT, records).columns)


def test_columns_become_numbers_in_the_order_of_the_features() -> None:
    encoder = Encoder.fit(SPECS, table(words("red", "green", "red")))
    assert encoder.names == ("size", "colour", "at_month", "at_weekday", "at_hour", "flag")
    assert encoder.categorical == (1,)
    matrix = encoder.encode(table(words("red", "green", "red")))
    assert matrix.dtype == np.float32 and matrix.flags.c_contiguous
    # The first of March 2026 is a Sunday.
    assert matrix.tolist()[0] == [0.5, 1.0, 3.0, 6.0, 23.0, 1.0]
    assert matrix[:, 1].tolist() == [1.0, 0.0, 1.0]


def test_an_unknown_category_is_not_a_missing_one() -> None:
    encoder = Encoder.fit(SPECS, table(words("red", None)))
    codes = encoder.encode(table(words("red", "blue", None)))[:, 1]
    np.testing.assert_array_equal(codes, np.array([0.0, -1.0, np.nan], dtype=np.float32))


def test_a_missing_moment_has_no_parts() -> None:
    columns = table(words("red")) | {"at": np.array(["NaT"], dtype="datetime64[us]")}
    assert np.isnan(Encoder.fit(SPECS, columns).encode(columns)[0, 2:5]).all()


def test_numbers_that_float32_cannot_hold_end_where_models_can_still_reckon() -> None:
    sizes = np.array([1e300, -1e300, np.inf, 2.5])
    columns = table(words("red", "red", "red", "red")) | {"size": sizes}
    found = Encoder.fit(SPECS, columns).encode(columns)[:, 0]
    assert found.tolist() == [LARGEST, -LARGEST, LARGEST, 2.5]


def test_the_order_of_the_rows_it_was_fitted_on_does_not_matter() -> None:
    one, other = (table(words(*colours)) for colours in (("b", "a", "c"), ("c", "b", "a", "a")))
    assert Encoder.fit(SPECS, one) == Encoder.fit(SPECS, other)


@settings(max_examples=20, deadline=None)
@given(fitted=ROWS, encoded=ROWS)
def test_an_encoder_read_back_encodes_alike(fitted: list[Any], encoded: list[Any]) -> None:
    encoder = Encoder.fit(FEATURES.columns(CONTRACT), made(fitted))
    back = Encoder.from_json(encoder.to_json())
    assert back == encoder
    assert back.encode(made(encoded)).tobytes() == encoder.encode(made(encoded)).tobytes()


@settings(max_examples=20, deadline=None)
@given(fitted=ROWS, encoded=ROWS)
def test_rows_one_by_one_give_the_matrix_of_all(fitted: list[Any], encoded: list[Any]) -> None:
    encoder = Encoder.fit(FEATURES.columns(CONTRACT), made(fitted))
    columns = made(encoded)
    alone = [encoder.encode(take(columns, np.array([i]))) for i in range(len(encoded))]
    assert np.concatenate(alone).tobytes() == encoder.encode(columns).tobytes()
