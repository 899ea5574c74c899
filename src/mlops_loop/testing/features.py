"""Checks that hold for every feature, whatever it computes."""

import json

import numpy as np
from numpy.typing import NDArray

from ..contract import Contract
from ..contract.columns import Array, Columns, concat, length, take, to_rows
from ..contract.decoder import Decoder
from ..encoder import Encoder
from ..feature_set import FeatureSet

# Kinds of numpy types by declared output.
_KINDS = {"number": "fiub", "boolean": "fiub", "category": "O", "datetime": "M"}
# The model sees float32. NumPy computes long arrays by other instructions than single values, with
# other roundings in the last digits of float64.
_PRECISION = 1e-6


def assert_valid_features(features: FeatureSet, columns: Columns) -> None:
    """Check that each feature returns one value a row of its declared type.

    It must not change its inputs. Missing values are allowed, infinite ones are not.

    Args:
        features: usually `project.features`.
        columns: rows that the contract accepts, e.g. of `columns_of`.

    Raises:
        AssertionError: naming the feature and what is wrong with it.

    Examples:
        >>> features = FeatureSet()
        >>> @features.feature(inputs=("price",), output="number")
        ... def first_price(price):
        ...     return price[:1]
        >>> assert_valid_features(features, {"price": np.array([1.0, 9.0])})
        Traceback (most recent call last):
        ...
        AssertionError: first_price returns an array of shape (1,) for 2 rows, ...
    """
    rows = length(columns)
    before = {name: values.copy() for name, values in columns.items()}
    computed = features.apply(columns)
    for name, feature in features.declared.items():
        values, output = computed[name], feature.column.type
        assert isinstance(
            values, np.ndarray
        ), f"{name} returns {type(values).__name__}, expected an array"
        assert values.shape == (
            rows,
        ), f"{name} returns an array of shape {values.shape} for {rows} rows, expected ({rows},)"
        assert values.dtype.kind in _KINDS[output], f"{name} returns {values.dtype} for a {output}"
        if values.dtype.kind == "f":
            assert not np.isinf(
                values
            ).any(), f"{name} is infinite for {_inputs(feature.inputs, columns)}"
        if values.dtype.kind == "O":
            kinds = {type(value).__name__ for value in values} - {"str", "NoneType"}
            assert not kinds, f"{name} returns {', '.join(kinds)}, expected str or None"
        for source in feature.inputs:
            unchanged = _equal(columns[source], before[source])
            assert unchanged.all(), f"{name} changes its input {source}"


def assert_row_wise(features: FeatureSet, columns: Columns) -> None:
    """Check that each feature of a row is the same alone, among other rows, and in any order.

    Online a feature gets one row or a few, in training all of them: one that depends on other
    rows, e.g. on their mean, would have other values in production.

    Args:
        features: usually `project.features`.
        columns: at least two rows that the contract accepts, e.g. of `columns_of`.

    Raises:
        AssertionError: naming the feature, and a row that differs.

    Examples:
        >>> features = FeatureSet()
        >>> @features.feature(inputs=("price",), output="number")
        ... def relative_price(price):
        ...     return price / price.mean()
        >>> assert_row_wise(features, {"price": np.array([1.0, 3.0])})
        Traceback (most recent call last):
        ...
        AssertionError: relative_price of a row differs alone: ...
    """
    rows = length(columns)
    together = features.apply(columns)
    alone = concat([features.apply(take(columns, np.array([row]))) for row in range(rows)])
    backwards = np.arange(rows)[::-1]
    reordered = take(features.apply(take(columns, backwards)), backwards)
    for name, feature in features.declared.items():
        for other, how in ((alone[name], "alone"), (reordered[name], "in another order")):
            assert together[name].dtype == other.dtype, f"{name} has another dtype {how}"
            equal = _equal(together[name], other)
            assert equal.all(), (
                f"{name} of a row differs {how}: {other[~equal][0]!r} instead of "
                f"{together[name][~equal][0]!r}, from {_inputs(feature.inputs, columns)}"
            )


def assert_no_skew(features: FeatureSet, columns: Columns, contract: Contract) -> None:
    """Check that the model gets the same numbers online as in training (no train/serve skew).

    The rows are encoded from the table at once, and from JSON bodies of one row each.

    Args:
        features: usually `project.features`.
        columns: rows that the contract accepts, e.g. `TrainedProject.columns`.
        contract: usually `project.contract`.

    Raises:
        AssertionError: naming the feature, and a row that differs.

    Examples:
        >>> assert_no_skew(project.features, trained.columns, project.contract)
    """
    offline = features.apply(columns)
    encoder = Encoder.fit(features.columns(contract), offline)
    decoder = Decoder(contract)
    bodies = [json.dumps(row).encode() for row in to_rows(contract.inputs, columns)]
    requests = [decoder.decode(body).columns for body in bodies]
    online = np.concatenate([encoder.encode(features.apply(request)) for request in requests])
    expected = encoder.encode(offline)
    for position, name in enumerate(encoder.names):
        values, others = online[:, position], expected[:, position]
        equal = (values == others) | (np.isnan(values) & np.isnan(others))
        assert equal.all(), (
            f"{name} is {values[~equal][0]} online and {others[~equal][0]} in training, for "
            f"{bodies[int(np.argmin(equal))].decode()}"
        )


def _equal(values: Array, others: Array) -> NDArray[np.bool_]:
    """Mask of entries that are equal, or both missing."""
    if values.dtype.kind == "f":
        equal = np.isclose(values, others, rtol=_PRECISION, atol=0, equal_nan=True)
    elif values.dtype.kind == "M":
        equal = (values == others) | (np.isnat(values) & np.isnat(others))
    else:
        equal = values == others
    return np.asarray(equal, dtype=np.bool_)


def _inputs(names: tuple[str, ...], columns: Columns) -> str:
    return ", ".join(f"{name}={columns[name].tolist()}" for name in names)
