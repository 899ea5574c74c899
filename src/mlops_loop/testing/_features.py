"""Checks that hold for every feature, whatever it computes."""

import json

import numpy as np

from .._encoder import Encoder
from .._feature_set import FeatureSet
from ..contract import Contract
from ..contract._columns import Columns, concat, equal, length, take, to_rows
from ..contract._decoder import Decoder
from ..errors import ProjectCodeError


def assert_valid_features(features: FeatureSet, columns: Columns) -> None:
    """Check that each feature returns one value per row of its declared type.

    It must not change its inputs. Missing values are allowed, infinite ones are not.

    Args:
        features: usually `project.features`.
        columns: rows that the contract accepts, e.g. of `columns_of`.

    Raises:
        AssertionError: if a feature is wrong; the message names it.

    Examples:
        >>> features = FeatureSet()
        >>> @features.feature(inputs=("price",), output="number")
        ... def first_price(price):
        ...     return price[:1]
        >>> assert_valid_features(features, {"price": np.array([1.0, 9.0])})
        Traceback (most recent call last):
        ...
        AssertionError: the feature first_price returned 1 value for 2 rows: ...
    """
    before = {name: values.copy() for name, values in columns.items()}
    try:
        computed = features.apply(columns)
    except ProjectCodeError as error:
        raise AssertionError(str(error)) from error
    for name, feature in features.declared.items():
        values = computed[name]
        if values.dtype.kind == "f":
            assert not np.isinf(
                values
            ).any(), f"{name} is infinite for {_inputs(feature.inputs, columns)}"
        if values.dtype.kind == "O":
            kinds = {type(value).__name__ for value in values} - {"str", "NoneType"}
            assert not kinds, f"{name} returns {', '.join(kinds)}, expected str or None"
        for source in feature.inputs:
            unchanged = equal(columns[source], before[source])
            assert unchanged.all(), f"{name} changes its input {source}"


def assert_row_wise(features: FeatureSet, columns: Columns) -> None:
    """Check that each feature of a row is the same alone, among other rows, and in any order.

    Online a feature gets one row or a few, in training all of them: one that depends on other
    rows, e.g. on their mean, would have other values in production.

    Args:
        features: usually `project.features`.
        columns: at least two rows that the contract accepts, e.g. from `columns_of`.

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
            same = equal(together[name], other)
            assert same.all(), (
                f"{name} of a row differs {how}: {other[~same][0]!r} instead of "
                f"{together[name][~same][0]!r}, from {_inputs(feature.inputs, columns)}"
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
        same = (values == others) | (np.isnan(values) & np.isnan(others))
        assert same.all(), (
            f"{name} is {values[~same][0]} online and {others[~same][0]} in training, for "
            f"{bodies[int(np.argmin(same))].decode()}"
        )


def _inputs(names: tuple[str, ...], columns: Columns) -> str:
    return ", ".join(f"{name}={columns[name].tolist()}" for name in names)
