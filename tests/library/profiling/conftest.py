"""A project to adopt tables in."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlops_loop._profiling.project_file import changed_settings

from ..places import FLIGHTS
from ..projects import cli

ROOT = FLIGHTS

Adopt = Callable[..., Result]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that still learns from a sample, whatever this one learns from."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "config", root / "config")
    settings = root / "config/project.yaml"
    text = changed_settings(settings.read_text(encoding="utf-8"), {("source",): "sample://x"})
    settings.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def adopt(root: Path, monkeypatch: pytest.MonkeyPatch) -> Adopt:
    """Runs the command in the project's folder."""
    monkeypatch.chdir(root)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["adopt", *arguments])

    return run
