"""The examples in the docstrings of what applications include."""

import doctest
import importlib
from typing import Any

import pytest

from mlops_loop.serving.problem import Problem
from mlops_loop.serving.service import PredictionService

MODULES = [
    "prediction_hooks",
    "serving.service",
    "serving.fastapi",
    "serving.fastapi.routers",
    "serving.fastapi.errors",
    "serving.flask",
    "serving.flask.errors",
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str, shop_project: Any) -> None:
    project = shop_project()
    names = {"project": project, "service": PredictionService(project), "Problem": Problem}
    module = importlib.import_module(f"mlops_loop.{name}")
    result = doctest.testmod(module, extraglobs=names)
    assert result.attempted and not result.failed
