import math
from datetime import UTC, datetime

import numpy as np
import pytest

from mlops_loop.evaluation import brier, log_loss
from mlops_loop.loop._row_loss import row_loss
from mlops_loop.prediction_log import Output

START = datetime(2013, 1, 1, tzinfo=UTC)
CLASSES = ("a", "b", "c")


def classified(*probabilities: float, prediction: str | bool = True) -> Output:
    return Output("1", "champion", True, prediction, list(probabilities))


@pytest.mark.parametrize("metric", [log_loss, brier])
@pytest.mark.parametrize("classes", [(False, True), CLASSES])
def test_the_mean_over_rows_is_the_metric(metric: object, classes: tuple[str | bool, ...]) -> None:
    rows = np.random.default_rng(1).dirichlet(np.ones(len(classes)), 50)
    rows[0] = [0.0] * (len(classes) - 1) + [1.0]  # and its label is the first: clipped
    codes = np.arange(50) % len(classes)
    loss = row_loss(metric.name, classes)  # type: ignore[attr-defined]
    losses = [
        loss.of_row(classified(*row), classes[code]) for row, code in zip(rows.tolist(), codes)
    ]
    expected = metric.value(codes, rows)  # type: ignore[attr-defined]
    assert np.mean(losses) == pytest.approx(expected)


def test_the_accuracy_is_one_minus_the_mean_of_a_row() -> None:
    loss = row_loss("accuracy", (False, True))
    assert loss.of_row(classified(0.2, 0.8), True) == 0.0
    assert loss.of_row(classified(0.2, 0.8), False) == 1.0
    assert loss.name == "error rate"


def test_the_root_of_the_mean_square_is_the_rmse() -> None:
    loss, output = row_loss("rmse", ()), Output("1", "champion", True, 30.0)
    assert loss.of_row(output, 40.0) == pytest.approx(100.0)
    assert (loss.of_mean(900.0), loss.name) == (30.0, "rmse")


def test_a_reduction_of_the_mean_square_in_units_of_the_target() -> None:
    loss = row_loss("rmse", ())
    assert loss.of_reduction(500.0, 900.0) == pytest.approx(10.0)
    assert loss.of_reduction(-700.0, 900.0) == pytest.approx(-10.0)
    assert row_loss("mae", ()).of_reduction(0.5, 3.0) == pytest.approx(0.5)


def test_absolute_errors_are_the_metric_mae() -> None:
    loss, output = row_loss("mae", ()), Output("1", "champion", True, 30.0)
    assert (loss.of_row(output, 4000.0), loss.name) == (3970.0, "mae")


@pytest.mark.parametrize("metric", ["roc_auc", "profit", "log_loss"])
def test_a_metric_that_is_no_mean_of_rows_has_the_log_loss_instead(metric: str) -> None:
    loss = row_loss(metric, CLASSES)
    assert loss.name == "log loss"
    assert loss.of_row(classified(0.2, 0.5, 0.3), "b") == pytest.approx(-math.log(0.5))
