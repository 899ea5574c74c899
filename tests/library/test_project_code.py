"""Code of the project that fails is named: the file, the line, the function, and what to do."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.dummy import DummyClassifier

from mlops_loop._encoder import Encoder
from mlops_loop._feature_set import FeatureSet, FeatureType
from mlops_loop._project_code import describe, naming
from mlops_loop.cli import command_line
from mlops_loop.contract._columns import Columns
from mlops_loop.data._sources import open_source
from mlops_loop.errors import (
    ContractError,
    ProjectCodeError,
    SourceError,
    TrainingError,
)
from mlops_loop.evaluation import Metric
from mlops_loop.models import Candidate, Task
from mlops_loop.models._fitting import fit, predict
from mlops_loop.serving._service import PredictionService

HERE = Path(__file__).name
ROWS: Columns = {"x": np.arange(40.0), "y": np.arange(40.0) % 7}


def feature(function: Callable[..., Any], output: FeatureType = "number") -> FeatureSet:
    features = FeatureSet()
    function.__name__ = "spread"
    features.feature(inputs=("x", "y"), output=output)(function)
    return features


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x, y: (x - y)[:1], "returned 1 value for 40 rows: return one value for each row"),
        (lambda x, y: "x", "returned str: expected an array with one value for each row"),
        (lambda x, y: x["a"], r"failed in line \d+: IndexError: only integers"),
        (lambda x, y: x.astype(str), "returned <U32 for a number: see `output`"),
    ],
)
def test_a_feature_is_named(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(ProjectCodeError, match=f"the feature spread in {HERE} {message}") as raised:
        feature(function).apply(ROWS)
    assert raised.value.exit_code == 2


def test_a_feature_that_depends_on_other_rows_is_named() -> None:
    features = feature(lambda x, y: x - np.nanmean(y))
    message = (
        rf"spread in {HERE} depends on other rows: .* is -2.875 among 40 rows and -2.9375 among 16"
    )
    with pytest.raises(ProjectCodeError, match=message):
        features.require_row_wise(ROWS, features.apply(ROWS))
    features = feature(lambda x, y: np.where(y > 3, np.nan, x - y))
    features.require_row_wise(ROWS, features.apply(ROWS))


def test_one_row_is_enough_to_check() -> None:
    features = feature(lambda x, y: x - y)
    row = {name: values[:1] for name, values in ROWS.items()}
    features.require_row_wise(row, features.apply(row))


def test_a_service_does_not_start_with_a_feature_of_an_unknown_column(shop_project: Any) -> None:
    project = shop_project()
    project.features = feature(lambda x, y: x - y)
    with pytest.raises(ContractError, match="the feature spread .* needs 'x', which is not"):
        PredictionService(project).start()


def test_an_unknown_column_suggests_the_nearest(shop: Any) -> None:
    features = FeatureSet()
    features.feature(inputs=("Prise",), output="number")(lambda prise: prise)
    with pytest.raises(ContractError, match="did you mean 'price'\\?"):
        features.columns(shop)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda labels, predicted: None, "returned NoneType: expected a number"),
        (lambda labels, predicted: labels[99], r"failed in line \d+: IndexError"),
    ],
)
def test_a_metric_is_named(function: Callable[..., Any], message: str) -> None:
    metric = Metric("own", function, greater_is_better=True)
    with pytest.raises(ProjectCodeError, match=f"the metric <lambda> in {HERE} {message}"):
        metric.value(np.array([0, 1]), np.array([0.1, 0.9]))


def test_a_candidate_is_named(encoder: Encoder, rows: Callable[[int], tuple[Any, Any]]) -> None:
    def build(task: Task, parameters: Any) -> Any:
        return None

    matrix, labels = rows(2)
    task = Task("binary", encoder, seed=1, threads=1)
    with pytest.raises(TrainingError, match="the candidate own cannot be fitted .AttributeError"):
        fit(Candidate("own", build), task, matrix, labels)
    with pytest.raises(TrainingError, match="the candidate own cannot predict .NotFittedError"):
        predict(Candidate("own", build), DummyClassifier(), matrix, 0)


def test_errors_of_the_library_and_its_functions_stay_as_they_are() -> None:
    with pytest.raises(KeyError), naming("rule", describe):
        raise KeyError("x")
    with pytest.raises(SourceError), naming("rule", test_a_feature_is_named):
        raise SourceError("x")


def test_callable_objects_and_partial_functions_have_names() -> None:
    class Rule:
        def __call__(self) -> None: ...

    assert describe(Rule()) == f"Rule in {HERE}"
    assert describe(partial(test_one_row_is_enough_to_check, 1)).startswith("test_one_row")
    assert describe(np.diff).startswith("diff")
    assert describe(len) == "len"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = (1,", "error: gate.py, line 1: SyntaxError: '(' was never closed"),
        ("\nx = temprature", "error: gate.py, line 2: NameError: name 'temprature' is not defined"),
        ("import no_such_package", "error: gate.py, line 1: ModuleNotFoundError: No module named"),
        ("import json\njson.loads('{')", "error: gate.py, line 2: JSONDecodeError"),
    ],
)
def test_a_module_that_cannot_be_imported_is_named(
    code: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / f"broken_{abs(hash(code))}"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "gate.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    cli = command_line(lambda: import_module(f"{package.name}.gate").COMPOSITION)
    result = CliRunner().invoke(cli, ["status"])
    assert result.exit_code == 2
    assert result.output.startswith(message)
    assert result.output.endswith("(re-run with --debug for a traceback)\n")
    assert CliRunner().invoke(cli, ["--debug", "status"]).exception is not None


def test_what_the_library_raises_is_an_internal_error() -> None:
    def load() -> Any:
        open_source(7, None)  # type: ignore[arg-type]

    result = CliRunner().invoke(command_line(load), ["status"])
    assert result.exit_code == 1
    assert "internal error" in result.output
