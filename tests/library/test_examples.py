"""The examples in the docstrings of extension points run."""

import doctest
import importlib

import pytest

MODULES = [
    "mlops_loop.composition",
    "mlops_loop.monitoring.checks",
    "mlops_loop.monitoring.plan",
    "mlops_loop.project",
]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_run(module: str) -> None:
    results = doctest.testmod(importlib.import_module(module))
    assert results.attempted > 0 and results.failed == 0
