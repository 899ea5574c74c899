"""Functions of the project before and after a prediction: the same online and in batch scoring."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from mlops_loop._champion import champion_predictor
from mlops_loop._prediction_hooks import PredictionHooks
from mlops_loop._predictor import BundlePredictor, Prediction
from mlops_loop._scoring import score
from mlops_loop._scoring.recording import Recording
from mlops_loop.contract._columns import Columns
from mlops_loop.contract._json_schema import example_row
from mlops_loop.errors import HookError
from mlops_loop.serving._prediction_handler import PendingRequest
from mlops_loop.serving._problem import Problem
from mlops_loop.serving._response import ServiceResponse
from mlops_loop.serving._service import PredictionService

ROWS = 5


def cap_price(columns: Columns) -> Columns:
    return {**columns, "price": np.minimum(columns["price"], 100.0)}


def expect_returns_of_expensive_things(columns: Columns, prediction: Prediction) -> Prediction:
    expensive = columns["price"] >= 100
    values = [
        bool(value) or flag
        for value, flag in zip(prediction.values, expensive.tolist(), strict=True)
    ]
    return Prediction(values, prediction.probabilities)


@pytest.fixture
def project(shop_project: Any, publisher: Any) -> Any:
    publisher.publish("1", 0.25)
    publisher.publish("2", 0.4)
    publisher.point("1", "2")
    project = shop_project()
    project.before_predict = [cap_price]
    project.after_predict = [expect_returns_of_expensive_things]
    return project


@contextmanager
def started(project: Any) -> Iterator[PredictionService]:
    service = PredictionService(project)
    service.start()
    yield service
    service.close()


def rows(project: Any) -> list[dict[str, Any]]:
    example = example_row(project.contract)
    return [
        {**example, "price": price, "customer": f"c-{price}"} for price in (9.5, 99, 100, 500, 700)
    ]


def body(response: ServiceResponse | Exception) -> Any:
    assert isinstance(response, ServiceResponse), response
    assert response.recorded is not None
    response.recorded.result(20)
    return json.loads(response.content)


def test_the_log_holds_what_the_model_saw_and_what_was_answered(project: Any) -> None:
    with started(project) as service:
        plain, expensive = body(
            service.predict(PendingRequest(json.dumps(rows(project)[2:4]).encode(), None))
        )
        assert (plain["prediction"], expensive["prediction"]) == (True, True)
        record = project.log.get(expensive["prediction_id"]).record
        assert record.columns == {**rows(project)[3], "price": 100.0}
        assert record.entity_key == "c-500"
        assert [(each.version, each.prediction) for each in record.outputs] == [
            ("1", True),
            ("2", True),
        ]


def test_requests_in_a_batch_and_single_ones_get_the_same(project: Any) -> None:
    requests = [PendingRequest(json.dumps(row).encode(), None) for row in rows(project)]
    with started(project) as service:
        batch = [body(response)["prediction"] for response in service.predict_batch(requests)]
        single = [body(service.predict(request))["prediction"] for request in requests]
    assert batch == single == [False, False, True, True, True]


def test_batch_scoring_runs_the_same_hooks(project: Any, tmp_path: Path) -> None:
    table = pyarrow.Table.from_pylist(rows(project))
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    recording = Recording(project.log, project.contract, project.clock, "1")
    scored = score(
        tmp_path / "in.parquet",
        tmp_path / "out.parquet",
        champion_predictor(project),
        project.contract,
        hooks=project.hooks,
        record=recording.append,
        workspace=tmp_path / "scoring",
    )
    output = pyarrow.parquet.read_table(scored.output).to_pylist()
    assert [row["prediction"] for row in output] == [False, False, True, True, True]
    assert [row["customer"] for row in output] == [row["customer"] for row in rows(project)]
    records = [project.log.get(row["prediction_id"]).record for row in output]
    assert [record.columns["price"] for record in records] == [9.5, 99, 100, 100, 100]
    assert [record.outputs[0].prediction for record in records] == [
        row["prediction"] for row in output
    ]
    project.close()


def shorten(columns: Columns) -> Columns:
    return {**columns, "price": columns["price"][:-1]}


def rename(columns: Columns) -> Columns:
    return {f"{name}_": values for name, values in columns.items()}


def to_text(columns: Columns) -> Columns:
    return {**columns, "price": columns["price"].astype(str)}


def drop_predictions(columns: Columns, prediction: Prediction) -> Prediction:
    return Prediction(prediction.values[:-1], prediction.probabilities)


def drop_probabilities(columns: Columns, prediction: Prediction) -> Prediction:
    return Prediction(prediction.values, None)


@pytest.mark.parametrize("hook", [shorten, rename, to_text])
def test_a_hook_that_returns_other_columns_is_named(hook: Any) -> None:
    hooks = PredictionHooks(before=[hook])
    with pytest.raises(HookError, match=f"before_predict: {hook.__name__} "):
        hooks.prepare({"price": np.array([1.0, 2.0])})


@pytest.mark.parametrize("hook", [drop_predictions, drop_probabilities])
def test_a_hook_that_returns_another_prediction_is_named(hook: Any) -> None:
    hooks = PredictionHooks(after=[hook])
    with pytest.raises(HookError, match=f"after_predict: {hook.__name__} "):
        hooks.finish({"price": np.array([1.0])}, Prediction([True], np.array([[0.1, 0.9]])))


def fail(columns: Columns, *_: Any) -> Columns:
    raise ValueError("boom")


def forget_return(columns: Columns, *_: Any) -> None:
    columns["price"].sum()


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        (fail, r"fail in test_prediction_hooks.py failed in line \d+: ValueError: boom"),
        (forget_return, "forget_return in test_prediction_hooks.py returned NoneType, expected a"),
    ],
)
def test_a_hook_that_fails_is_named(hook: Any, message: str) -> None:
    columns = {"price": np.array([1.0])}
    with pytest.raises(HookError, match=f"before_predict: {message}") as raised:
        PredictionHooks(before=[hook]).prepare(columns)
    assert raised.value.exit_code == 2
    with pytest.raises(HookError, match=f"after_predict: {message}"):
        PredictionHooks(after=[hook]).finish(columns, Prediction([True], None))


def test_a_hook_may_reject_a_request() -> None:
    def reject(columns: Columns) -> Columns:
        raise Problem(422, "too expensive")

    with pytest.raises(Problem, match="too expensive"):
        PredictionHooks(before=[reject]).prepare({"price": np.array([1.0])})


def test_a_version_does_not_serve_with_a_broken_hook(project: Any) -> None:
    project.before_predict = [shorten]
    with started(project) as service:
        response = service.predict_batch([PendingRequest(b"{}", None)])[0]
        assert isinstance(response, Problem) and response.status == 503
        assert "shorten in test_prediction_hooks.py returned price" in response.detail


def test_without_hooks_the_predictor_stays_as_it_is(project: Any) -> None:
    predictor = champion_predictor(project)
    assert isinstance(PredictionHooks().wrap(predictor), BundlePredictor)
