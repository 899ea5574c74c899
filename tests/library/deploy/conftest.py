"""A project with deployment targets and two published models."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_loop import Project

from ..places import REPOSITORY
from ..publisher import Publisher

(TEMPLATE,) = REPOSITORY.glob("*cookiecutter.project_slug*")
DOCKERFILE = 'FROM scratch\nCOPY src src\nCMD ["serve"]\n'
WRITTEN = {
    "Dockerfile": DOCKERFILE,
    "README.md": "# Shop",
    ".env": "API_KEY=secret",
    "poetry.lock": "locked",
    "src/shop/__init__.py": "",
    "src/shop/run.sh": "echo",
    "src/shop/__pycache__/run.pyc": "bytecode",
    "var/predictions.db": "rows",
    "deploy/docker/prometheus.yml": "{}",
    "deploy/aws_lambda/handler.py": "def handler(): ...",
    "deploy/heroku/README.md": "# Heroku",
    "deploy/heroku/Procfile": "web: serve",
    "deploy/heroku/main.tf": "",
    "deploy/heroku/.terraform/state.json": "{}",
    "deploy/google_cloud_function/main.py": "def main(): ...",
    "deploy/google_app_engine/app.yaml": "runtime: python313",
}


@pytest.fixture
def deployed(shop_project: Callable[..., Project], publisher: Publisher) -> Project:
    """A project whose champion is version 2, and 1 was before."""
    project = shop_project()
    for name, text in WRITTEN.items():
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (project.root / "src/shop/run.sh").chmod(0o700)
    (project.root / "vendor").mkdir()
    (wheel,) = (TEMPLATE / "vendor").glob("*.whl")
    shutil.copy(wheel, project.root / "vendor")
    shutil.copy(TEMPLATE / ".dockerignore", project.root)
    for version in ("1", "2", "3"):
        publisher.publish(version)
    publisher.point("1")
    publisher.point("2")
    return project


@pytest.fixture
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packages") / "package"
