"""The examples in the docstrings of what applications include."""

import doctest
import importlib
from typing import Any

import pytest
from structlog.testing import capture_logs

from mlops_loop.serving.service import PredictionService

FRAMEWORKS = {
    "fastapi": ("", ".documentation", ".errors", ".middleware", ".routers"),
    "flask": ("", ".blueprints", ".documentation", ".errors", ".lifecycle"),
}
MODULES = [
    "prediction_hooks",
    "serving.problem",
    "serving.service",
    *(f"serving.{framework}{part}" for framework, parts in FRAMEWORKS.items() for part in parts),
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str, shop_project: Any) -> None:
    project = shop_project(allow_anonymous=False)
    package = importlib.import_module(".".join(f"mlops_loop.{name}".split(".")[:3]))
    names = {**vars(package), "project": project, "service": PredictionService(project)}
    module = importlib.import_module(f"mlops_loop.{name}")
    with capture_logs():  # which go to standard output otherwise
        result = doctest.testmod(module, extraglobs=names)
    assert result.attempted and not result.failed


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_public_name_has_an_example(framework: str) -> None:
    package = importlib.import_module(f"mlops_loop.serving.{framework}")
    public = [getattr(package, name) for name in package.__all__]
    assert [each for each in public if callable(each) and ">>> " not in (each.__doc__ or "")] == []
