"""A shop and a trained project that keep no predictions."""

import pytest

from mlops_loop._project import Project
from mlops_loop._settings import Settings

from ..projects import project_in


@pytest.fixture
def shop_settings(shop_settings: Settings) -> Settings:
    return shop_settings.model_copy(update={"prediction_log": "none"})


@pytest.fixture
def project(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The trained project, also for commands in its folder."""
    monkeypatch.setenv("FLIGHTS__PREDICTION_LOG", "none")
    monkeypatch.chdir(project.root)
    for file in project.paths.var.glob("predictions.db*"):
        file.unlink()  # it was trained with one
    return project_in(project.root)
