"""Checks of behaviour that hold for every model, however good it is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._predictor import Prediction, Predictor
from ..contract._columns import Columns, length, take

if TYPE_CHECKING:
    Numbers = NDArray[np.float64]

# Tolerance for float32 sums in another order, relative to the largest value.
_PRECISION = 1e-5


def assert_valid_predictions(model: Predictor, columns: Columns) -> None:
    """Check that each row gets one prediction: a class and probabilities, or a finite number.

    Probabilities have the shape (rows, classes) and sum to 1.

    Args:
        model: e.g. `TrainedProject.model`.
        columns: rows that the contract accepts, e.g. of `columns_of`.

    Raises:
        AssertionError: if a prediction is invalid.

    Examples:
        >>> assert_valid_predictions(trained.model, trained.columns)
    """
    prediction, rows = model.predict(columns), length(columns)
    assert len(prediction.values) == rows
    if prediction.probabilities is None:
        assert np.isfinite(_numbers(prediction)).all(), prediction.values
        return
    classes = model.contract.classes
    assert set(prediction.values) <= set(classes)
    assert prediction.probabilities.shape == (rows, len(classes))
    assert (prediction.probabilities >= 0).all()
    assert np.allclose(prediction.probabilities.sum(axis=1), 1, atol=1e-4)


def assert_row_independent(model: Predictor, columns: Columns) -> None:
    """Check that the prediction for a row is the same alone, among other rows, and in any order.

    Args:
        model: e.g. `TrainedProject.model`.
        columns: rows that the contract accepts, e.g. `TrainedProject.columns`.

    Raises:
        AssertionError: if a prediction differs by more than rounding.

    Examples:
        >>> assert_row_independent(trained.model, trained.columns)
    """
    rows = length(columns)
    together = _numbers(model.predict(columns))
    backwards = np.arange(rows)[::-1]
    _assert_close(_numbers(model.predict(take(columns, backwards)))[backwards], together)
    for row in sorted({0, rows // 2, rows - 1}):
        alone = _numbers(model.predict(take(columns, np.array([row]))))
        _assert_close(alone, together[[row]])


def assert_ignores(model: Predictor, columns: Columns, names: Sequence[str]) -> None:
    """Check that predictions do not depend on some columns, e.g. the id and the target.

    The values of these columns are reversed among the rows.

    Args:
        model: e.g. `TrainedProject.model`.
        columns: rows that the contract accepts, e.g. `TrainedProject.columns`.
        names: the columns.

    Raises:
        AssertionError: if a prediction differs by more than rounding.

    Examples:
        >>> assert_ignores(trained.model, trained.columns, [contract.target.name])
    """
    changed = columns | {name: columns[name][::-1] for name in names}
    _assert_close(_numbers(model.predict(changed)), _numbers(model.predict(columns)))


def _numbers(prediction: Prediction) -> "Numbers":
    if prediction.probabilities is not None:
        return prediction.probabilities
    return np.asarray(prediction.values, dtype=np.float64)


def _assert_close(numbers: "Numbers", expected: "Numbers") -> None:
    scale = max(float(np.abs(expected).max(initial=0.0)), 1.0)
    assert np.allclose(numbers, expected, rtol=0, atol=_PRECISION * scale)
