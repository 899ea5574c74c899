"""The checks of features find every mistake that would pass unnoticed into training."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flights.features import FEATURES
from hypothesis import given

from mlops_loop._feature_set import FeatureSet, FeatureType
from mlops_loop.contract import load_contract
from mlops_loop.contract._columns import Columns
from mlops_loop.testing import assert_row_wise, assert_valid_features, columns_of

from ..places import FLIGHTS

CONTRACT = load_contract(FLIGHTS / "config/contract.yaml")
# Three rows, as the contract has columns.
ROWS: Columns = {
    "x": np.array([1.0, 2.0, 4.0]),
    "word": np.array(["a", None, "b"], dtype=object),
    "at": np.array(["2026-01-01", "NaT", "2026-01-03"], dtype="datetime64[us]"),
}


def feature(
    function: Callable[..., Any], output: FeatureType = "number", source: str = "x"
) -> FeatureSet:
    features = FeatureSet()

    @features.feature(inputs=(source,), output=output)
    def suspect(column: Any) -> Any:
        return function(column)

    return features


def double_in_place(x: Any) -> Any:
    x *= 2
    return x.copy()


SOUND = {
    "number": feature(lambda x: x * 2),
    "a missing number": feature(lambda x: np.where(x > 1, np.nan, x)),
    "boolean": feature(lambda x: x > 1, "boolean"),
    "category": feature(lambda word: word, "category", "word"),
    "datetime": feature(lambda at: at, "datetime", "at"),
    "rounded otherwise": feature(lambda x: np.exp(np.sqrt(x)) / 3),
}
INVALID = {
    "a scalar": (feature(lambda x: 1.0), "returned float: expected an array"),
    "a list": (feature(lambda x: [1.0, 2.0, 3.0]), "returned list: expected an array"),
    "one number": (feature(lambda x: x.sum(keepdims=True)), "1 value for 3 rows"),
    "a matrix": (feature(lambda x: x[:, None]), r"shape \(3, 1\) for 3 rows"),
    "too few": (feature(np.diff), "2 values for 3 rows"),
    "texts": (feature(lambda word: word, source="word"), "object for a number"),
    "texts of NumPy": (feature(lambda x: x.astype(str), "category"), "for a category"),
    "numbers among texts": (
        feature(lambda x: x.astype(object), "category"),
        "returns float, expected str or None",
    ),
    "no dates": (feature(lambda x: x, "datetime"), "float64 for a datetime"),
    "infinity": (feature(lambda x: np.where(x > 2, np.inf, x)), "infinite for x="),
    "an input changed": (feature(double_in_place), "changes its input x"),
}
NOT_ROW_WISE = {
    "difference from the mean": feature(lambda x: x - x.mean()),
    "the row before": feature(lambda x: np.roll(x, 1)),
    "rank": feature(lambda x: np.argsort(np.argsort(x)).astype(float)),
    "position": feature(lambda x: x + np.arange(len(x))),
    "share of a category": feature(
        lambda word: np.array([(word == one).mean() for one in word]), source="word"
    ),
    "first date": feature(lambda at: np.full(len(at), at[0]), "datetime", "at"),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_feature_passes(name: str) -> None:
    assert_valid_features(SOUND[name], ROWS)
    assert_row_wise(SOUND[name], ROWS)


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_feature_is_found(name: str) -> None:
    features, message = INVALID[name]
    with pytest.raises(AssertionError, match=f"suspect.*{message}"):
        assert_valid_features(features, {name: values.copy() for name, values in ROWS.items()})


@pytest.mark.parametrize("name", NOT_ROW_WISE)
def test_a_feature_that_looks_at_other_rows_is_found(name: str) -> None:
    assert_valid_features(NOT_ROW_WISE[name], ROWS)
    with pytest.raises(AssertionError, match="suspect of a row differs"):
        assert_row_wise(NOT_ROW_WISE[name], ROWS)


def test_a_type_that_depends_on_the_rows_is_found() -> None:
    features = feature(lambda x: x if len(x) > 1 else x.astype(int))
    with pytest.raises(AssertionError, match="suspect has another dtype alone"):
        assert_row_wise(features, ROWS)


@given(columns=columns_of(CONTRACT))
def test_the_features_of_the_sample_pass(columns: Columns) -> None:
    assert_valid_features(FEATURES, columns)
    assert_row_wise(FEATURES, columns)
