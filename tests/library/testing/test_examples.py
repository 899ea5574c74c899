"""The examples in the docstrings of `mlops_loop.testing` run."""

import doctest
import importlib
from pathlib import Path

import pytest
from flights.app import app, service

from mlops_loop.testing import (
    HttpContract,
    TrainedProject,
    application_client,
    get_paths,
    project_copy,
    with_values,
)

MODULES = ["", ".application", ".copies", ".http_contract", ".rows"]
NAMES = {
    "HttpContract": HttpContract,
    "app": app,
    "application_client": application_client,
    "get_paths": get_paths,
    "project_copy": project_copy,
    "service": service,
    "with_values": with_values,
}


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str, flights: TrainedProject, tmp_path: Path) -> None:
    names = NAMES | {"project": flights.project, "trained": flights, "tmp_path": tmp_path}
    results = doctest.testmod(
        importlib.import_module(f"mlops_loop.testing{name}"), extraglobs=names
    )
    assert results.attempted > 0 and results.failed == 0
