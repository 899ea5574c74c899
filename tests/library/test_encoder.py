"""One matrix, the same in training, batch and online."""

from typing import Any

import numpy as np
import pytest
from flights.features import FEATURES
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_loop._encoder import LARGEST, Encoder
from mlops_loop._feature_set import FeatureColumn
from mlops_loop.contract import load_contract
from mlops_loop.contract._check import check_rows
from mlops_loop.contract._columns import Columns, take
from mlops_loop.contract._strategy import rows
from mlops_loop.models import Task
from mlops_loop.models.baseline import linear
from mlops_loop.models.scikit_learn import trees

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
    parts = ("at_month", "at_weekday", "at_hour", "at_elapsed_days")
    assert encoder.names == ("size", "colour", *parts, "flag")
    assert encoder.categorical == (1,)
    matrix = encoder.encode(table(words("red", "green", "red")))
    assert matrix.dtype == np.float32 and matrix.flags.c_contiguous
    # The first of March 2026 is a Sunday.
    assert matrix[0] == pytest.approx([0.5, 1.0, 3.0, 6.0, 23.0, 23.5 / 24, 1.0])
    assert matrix[:, 1].tolist() == [1.0, 0.0, 1.0]


def test_an_unknown_category_is_not_a_missing_one() -> None:
    encoder = Encoder.fit(SPECS, table(words("red", None)))
    codes = encoder.encode(table(words("red", "blue", None)))[:, 1]
    np.testing.assert_array_equal(codes, np.array([0.0, -1.0, np.nan], dtype=np.float32))


def test_a_missing_moment_has_no_parts() -> None:
    columns = table(words("red")) | {"at": np.array(["NaT"], dtype="datetime64[us]")}
    assert np.isnan(Encoder.fit(SPECS, columns).encode(columns)[0, 2:6]).all()


def elapsed(fitted: list[str], encoded: list[str]) -> list[float]:
    """Elapsed days of dates, by an encoder that was fitted on others and read back."""
    spec = FeatureColumn("at", "datetime", parts=("elapsed_days",))
    encoder = Encoder.fit([spec], {"at": np.array(fitted, dtype="datetime64[us]")})
    back = Encoder.from_json(encoder.to_json())
    matrix = back.encode({"at": np.array(encoded, dtype="datetime64[us]")})
    assert matrix.shape == (len(encoded), 1)
    return [float(value) for value in matrix[:, 0]]


def test_days_elapse_before_and_after_the_dates_of_training() -> None:
    fitted = ["2001-01-01", "2010-06-01T18:00", "2012-01-01"]
    encoded = ["2010-06-01", "2010-06-02T12:00", "2011-06-01", "1910-06-01", "2110-06-01"]
    assert elapsed(fitted, encoded) == [0.0, 1.5, 365.0, -36525.0, 36524.0]


def test_milliseconds_of_a_day_are_told_apart_in_float32() -> None:
    moments = [f"2026-03-01T12:00:00.{thousandth:03}" for thousandth in range(0, 1000, 10)]
    assert len(set(elapsed(moments, moments))) == len(moments)


def test_a_placeholder_far_away_does_not_move_the_reference() -> None:
    fitted = ["9999-12-31", "1900-01-01", "2020-05-01", "2020-05-02", "2020-05-03"]
    assert elapsed(fitted, ["2020-05-02T00:00:01"]) == [pytest.approx(1 / 86_400)]


def test_without_dates_in_training_days_are_counted_since_1970() -> None:
    assert elapsed(["NaT"], ["1970-01-02"]) == [1.0]


def test_a_trend_over_years_is_learnt_from_a_date() -> None:
    """As a plain epoch would be; month, weekday and hour alone do not tell years apart."""
    days = np.arange("2000-01-01", "2020-01-01", 15, dtype="datetime64[D]").astype("datetime64[us]")
    target = np.arange(len(days), dtype=np.float64)
    encoder = Encoder.fit([FeatureColumn("at", "datetime")], {"at": days})
    matrix = encoder.encode({"at": days})
    task = Task("regression", encoder, seed=1, threads=1, rows=len(days))
    for candidate in (linear(), trees()):
        fitted = candidate.estimator(task).fit(matrix[::2], target[::2])
        error = fitted.predict(matrix[1::2]) - target[1::2]
        assert np.sqrt(np.mean(error**2)) < 0.1 * target.std(), candidate.name


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
