"""What the model must do whatever its scores: the sample's flights."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from {{ cookiecutter.package_name }}.bundle import read_bundle
from {{ cookiecutter.package_name }}.contract.check import check_rows
from {{ cookiecutter.package_name }}.contract.columns import Columns, take
from {{ cookiecutter.package_name }}.contract.json_schema import example_row
from {{ cookiecutter.package_name }}.data.snapshot import latest_snapshot
from {{ cookiecutter.package_name }}.predictor import OnnxPredictor

if TYPE_CHECKING:
    from conftest import Trained


@pytest.fixture(scope="module")
def predictor(trained: "Trained") -> OnnxPredictor:
    return OnnxPredictor(read_bundle(trained.project.bundles.fetch("1")))


@pytest.fixture(scope="module")
def columns(trained: "Trained") -> Columns:
    snapshot = latest_snapshot(trained.project.settings.path("var/snapshots"))
    some = np.arange(0, snapshot.rows, 20)
    return take(snapshot.columns(trained.project.contract), some)


def _late(predictor: OnnxPredictor, columns: Columns) -> Any:
    answer = predictor.predict(columns)
    assert answer.probabilities is not None
    return answer.probabilities[:, 1]


def test_a_prediction_does_not_depend_on_the_rows_around_it(
    predictor: OnnxPredictor, columns: Columns
) -> None:
    together = _late(predictor, columns)
    backwards = np.arange(len(together))[::-1]
    assert np.allclose(_late(predictor, take(columns, backwards))[::-1], together, atol=1e-6)
    for row in (0, 7, len(together) - 1):
        alone = _late(predictor, take(columns, np.array([row])))
        assert alone == pytest.approx(together[[row]], abs=1e-6)


def test_the_name_of_a_row_changes_nothing(
    trained: "Trained", predictor: OnnxPredictor, columns: Columns
) -> None:
    contract = trained.project.contract
    assert contract.id is not None
    renamed = {**columns, contract.id.name: columns[contract.id.name][::-1]}
    assert np.array_equal(_late(predictor, renamed), _late(predictor, columns))


def test_flights_in_the_evening_are_late_more_often_than_in_the_morning(
    predictor: OnnxPredictor, columns: Columns
) -> None:
    at_six, at_eight_pm = (np.full(len(columns["late"]), hour * 60.0) for hour in (6, 20))
    flight_time = columns["arrival_minute"] - columns["departure_minute"]
    morning, evening = (
        {**columns, "departure_minute": at, "arrival_minute": (at + flight_time) % 1440}
        for at in (at_six, at_eight_pm)
    )
    assert (_late(predictor, evening) > _late(predictor, morning)).mean() > 0.9


def test_bad_weather_does_not_make_flights_punctual(
    predictor: OnnxPredictor, columns: Columns
) -> None:
    rows = len(columns["late"])
    fog = {**columns, "visibility": np.full(rows, 0.5), "precipitation": np.full(rows, 0.2)}
    clear = {**columns, "visibility": np.full(rows, 10.0), "precipitation": np.zeros(rows)}
    assert _late(predictor, fog).mean() > _late(predictor, clear).mean()


def test_missing_weather_and_unknown_places_still_get_an_answer(
    trained: "Trained", predictor: OnnxPredictor
) -> None:
    contract = trained.project.contract
    empty = {column.name: None for column in contract.inputs if column.nullable}
    row = {**example_row(contract), **empty, "destination": "XYZ"}
    checked = check_rows(contract, [row])
    assert checked.accepted.all()
    assert 0 < _late(predictor, checked.columns)[0] < 1
