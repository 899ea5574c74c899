"""What the sample's model must have learned. Goes with the sample when your data comes."""

from typing import Any

import numpy as np

from mlops_loop.contract.columns import Columns, length

from .conftest import Own

# What a training on a slice reaches at least, or at most where less is better.
AT_LEAST = {"binary": {"roc_auc": 0.6}, "multiclass": {"roc_auc": 0.55}, "regression": {}}
AT_MOST = {
    "binary": {"brier": 0.25, "log_loss": 0.6},
    "multiclass": {"brier": 0.72, "log_loss": 1.25},
    "regression": {"rmse": 45.0, "mae": 30.0},
}


def lateness(own: Own, columns: Columns) -> Any:
    """How late the model expects flights to be: a probability, or minutes."""
    answer = own.predictor.predict(columns)
    if answer.probabilities is None:
        return np.asarray(answer.values)
    is_late = [
        str(label) in ("True", "late", "very_late") for label in own.project.contract.classes
    ]
    return answer.probabilities[:, is_late].sum(axis=1)


def test_the_model_is_as_good_as_the_sample_allows(own: Own) -> None:
    found, problem = own.bundle.manifest.metrics, own.project.contract.problem
    assert all(found[name] > bound for name, bound in AT_LEAST[problem].items()), found
    assert all(found[name] < bound for name, bound in AT_MOST[problem].items()), found
    assert own.result.gate.metrics["gain_over_baseline"] > 0


def test_flights_in_the_evening_are_late_more_often_than_in_the_morning(own: Own) -> None:
    columns = own.columns
    at_six, at_eight_pm = (np.full(length(columns), hour * 60.0) for hour in (6, 20))
    flight_time = columns["arrival_minute"] - columns["departure_minute"]
    morning, evening = (
        columns | {"departure_minute": at, "arrival_minute": (at + flight_time) % 1440}
        for at in (at_six, at_eight_pm)
    )
    assert (lateness(own, evening) > lateness(own, morning)).mean() > 0.8


def test_bad_weather_does_not_make_flights_punctual(own: Own) -> None:
    columns = own.columns
    rows = length(columns)
    fog = columns | {"visibility": np.full(rows, 0.5), "precipitation": np.full(rows, 0.2)}
    clear = columns | {"visibility": np.full(rows, 10.0), "precipitation": np.zeros(rows)}
    assert lateness(own, fog).mean() > lateness(own, clear).mean()
