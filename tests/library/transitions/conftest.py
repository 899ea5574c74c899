import shutil
from pathlib import Path

import pytest

from mlops_loop.registry._transitions import Transitions

from ..mlflow_runs import start_run
from .versions import open_registry, open_transitions


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, tracking_store: Path) -> Path:
    """A tracking store with a run and five complete versions; the fifth was refused."""
    root = tmp_path_factory.mktemp("registry") / "template"
    shutil.copytree(tracking_store, root)
    registry = open_registry(root)
    run = start_run(registry)
    for number in range(1, 6):
        tags = {"gate": "rejected" if number == 5 else "passed"}
        registry.complete(registry.create_version(run, "model", tags))
    return root


@pytest.fixture
def transitions(template: Path, tmp_path: Path) -> Transitions:
    root = tmp_path / "project"
    shutil.copytree(template, root)
    return open_transitions(root)
