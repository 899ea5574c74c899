"""How your model behaves, however good it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from mlops_loop.contract import Columns, check_rows
from mlops_loop.testing import (
    TrainedProject,
    assert_ignores,
    assert_row_independent,
    assert_valid_predictions,
    columns_of,
    example_row,
    with_values,
)

from {{ cookiecutter.package_name }}.project import project

of_the_sample = pytest.mark.skipif(
    not project.settings.source.startswith("sample://"),
    reason="about the flights of the sample: write down what you know of your data instead",
)


# Minimum functionality: what it has to do with any row.
@settings(max_examples=25, deadline=None)
@given(columns=columns_of(project.contract, min_rows=1))
def test_every_row_that_the_contract_accepts_gets_a_prediction(
    trained: TrainedProject, columns: Columns
) -> None:
    assert_valid_predictions(trained.model, columns)


def test_missing_and_new_values_get_a_prediction(trained: TrainedProject) -> None:
    contract = trained.project.contract
    row = dict(example_row(contract))
    for column in contract.inputs:
        if column.nullable:
            row[column.name] = None
        elif column.type == "category" and not (
            column.categories and column.categories.on_violation == "reject"
        ):
            row[column.name] = "never seen before"
    checked = check_rows(contract, [row])
    assert checked.accepted.all()
    assert_valid_predictions(trained.model, checked.columns)


# Invariance: what must not change a prediction.
def test_a_prediction_does_not_depend_on_other_rows(trained: TrainedProject) -> None:
    assert_row_independent(trained.model, trained.columns)


def test_neither_the_id_nor_the_target_changes_a_prediction(trained: TrainedProject) -> None:
    contract = trained.project.contract
    hidden = [column.name for column in (contract.id, contract.target) if column is not None]
    assert_ignores(trained.model, trained.columns, hidden)


# Directional: where a change must not lead. A model that ignores the columns passes.
@of_the_sample
def test_flights_in_the_evening_are_no_less_late_than_in_the_morning(
    trained: TrainedProject,
) -> None:
    minutes = trained.columns["arrival_minute"] - trained.columns["departure_minute"]
    morning, evening = (
        trained.scores(
            with_values(trained.columns, departure_minute=departure)
            | {"arrival_minute": (departure + minutes) % 1440}
        )
        for departure in (6 * 60, 20 * 60)
    )
    assert np.mean(evening >= morning) > 0.8


@of_the_sample
def test_fog_and_rain_do_not_make_flights_punctual(trained: TrainedProject) -> None:
    fog = with_values(trained.columns, visibility=0.5, precipitation=0.2)
    clear = with_values(trained.columns, visibility=10.0, precipitation=0.0)
    assert trained.scores(fog).mean() >= trained.scores(clear).mean()
