"""The checks of models pass a sound model and find one that misbehaves."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_loop._bundle import Manifest
from mlops_loop._predictor import Prediction
from mlops_loop.contract import Contract, load_contract
from mlops_loop.contract._columns import Columns
from mlops_loop.testing import (
    TrainedProject,
    assert_ignores,
    assert_row_independent,
    assert_valid_predictions,
    columns_of,
)

from ..places import FLIGHTS

CONTRACT = load_contract(FLIGHTS / "config/contract.yaml")
ROWS: Columns = {"x": np.array([0.1, 0.2, 0.4]), "late": np.array([0.0, 1.0, 1.0])}


@dataclass
class Fake:
    """Predicts what a function of the columns says."""

    probabilities: Any
    values: Any = None
    contract: Contract = CONTRACT

    @property
    def manifest(self) -> Manifest:
        raise NotImplementedError

    def predict(self, columns: Columns) -> Prediction:
        second = self.probabilities(columns)
        values = (second > 0.5).tolist() if self.values is None else self.values
        return Prediction(values, np.column_stack([1 - second, second]))


@dataclass
class FakeRegression(Fake):
    def predict(self, columns: Columns) -> Prediction:
        return Prediction(self.probabilities(columns).tolist(), None)


def by_x(columns: Columns) -> Any:
    return columns["x"]


def test_sound_predictions_pass() -> None:
    for model in (Fake(by_x), FakeRegression(by_x)):
        assert_valid_predictions(model, ROWS)
        assert_row_independent(model, ROWS)
        assert_ignores(model, ROWS, ["late"])


@pytest.mark.parametrize(
    "model",
    [
        Fake(lambda columns: columns["x"][:2]),
        Fake(lambda columns: columns["x"] * 4),
        Fake(lambda columns: columns["x"] * np.nan),
        Fake(by_x, ["late", "late", "early"]),
        FakeRegression(lambda columns: columns["x"] / 0),
    ],
    ids=["too few", "beyond 1", "missing", "no classes", "infinite"],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_invalid_predictions_are_found(model: Fake) -> None:
    with pytest.raises(AssertionError):
        assert_valid_predictions(model, ROWS)


@pytest.mark.parametrize(
    "model",
    [
        Fake(lambda columns: columns["x"] - columns["x"].mean() + 0.5),
        Fake(lambda columns: np.sort(columns["x"])),
        FakeRegression(lambda columns: columns["x"].cumsum()),
    ],
    ids=["mean", "sorted", "sum"],
)
def test_a_model_that_looks_at_other_rows_is_found(model: Fake) -> None:
    with pytest.raises(AssertionError):
        assert_row_independent(model, ROWS)


def test_a_model_that_has_seen_the_target_is_found() -> None:
    with pytest.raises(AssertionError):
        assert_ignores(Fake(lambda columns: columns["late"] * 0.5), ROWS, ["late"])


def test_the_model_of_the_sample_passes(flights: TrainedProject) -> None:
    assert_valid_predictions(flights.model, flights.columns)
    assert_row_independent(flights.model, flights.columns)
    assert_ignores(flights.model, flights.columns, ["flight_id", "late"])


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_model_of_the_sample_predicts_every_row(flights: TrainedProject, data: Any) -> None:
    assert_valid_predictions(flights.model, data.draw(columns_of(CONTRACT, min_rows=1)))
