"""What the project's own model must do whatever its scores and whatever the table."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_loop.contract.check import check_rows
from mlops_loop.contract.columns import Columns, length, take
from mlops_loop.contract.json_schema import example_row
from mlops_loop.contract.strategy import rows
from mlops_loop.predictor import Prediction

from .conftest import Own


def scores(own: Own, columns: Columns) -> Any:
    """Probabilities, or values in units of their spread."""
    answer = own.predictor.predict(columns)
    if answer.probabilities is not None:
        return answer.probabilities
    spread = np.std(own.columns[own.project.contract.target.name])
    return np.asarray(answer.values, dtype=np.float64) / spread


def assert_sound(own: Own, answer: Prediction) -> None:
    """Classes of the contract with probabilities that add up, or finite numbers."""
    if answer.probabilities is None:
        assert np.isfinite(np.asarray(answer.values, dtype=np.float64)).all()
        return
    assert answer.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert set(answer.values) <= set(own.project.contract.classes)


def test_a_prediction_does_not_depend_on_the_rows_around_it(own: Own) -> None:
    columns = own.columns
    together = scores(own, columns)
    backwards = np.arange(len(together))[::-1]
    assert np.allclose(scores(own, take(columns, backwards))[::-1], together, atol=1e-5)
    for row in (0, len(together) // 2, len(together) - 1):
        alone = scores(own, take(columns, np.array([row])))
        assert np.allclose(alone, together[[row]], atol=1e-5)


def test_the_name_of_a_row_and_its_outcome_change_nothing(own: Own) -> None:
    contract, columns = own.project.contract, own.columns
    hidden = [column.name for column in (contract.id, contract.target) if column is not None]
    changed = columns | {name: columns[name][::-1] for name in hidden}
    assert np.array_equal(scores(own, changed), scores(own, columns))


def test_what_may_be_missing_or_new_still_gets_an_answer(own: Own) -> None:
    contract = own.project.contract
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
    assert_sound(own, own.predictor.predict(checked.columns))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_row_that_the_contract_accepts_gets_an_answer(own: Own, data: Any) -> None:
    contract = own.project.contract
    columns = check_rows(contract, data.draw(st.lists(rows(contract), min_size=1))).columns
    answer = own.predictor.predict(columns)
    assert len(answer.values) == length(columns)
    assert_sound(own, answer)
