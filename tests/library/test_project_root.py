"""Where a project finds its folder: beside its source, where it runs, or where it is told."""

from pathlib import Path

import pytest

from mlops_loop import FeatureSet, Project
from mlops_loop.errors import SettingsError

from .places import FLIGHTS


def project(root: Path) -> Project:
    return Project(root, package="flights", features=FeatureSet())


@pytest.fixture
def site_packages(tmp_path: Path) -> Path:
    """Where the source of an installed package seems to be: a folder without `config/`."""
    return tmp_path / "lib" / "python3.11"


def test_the_folder_of_the_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert project(FLIGHTS).root == FLIGHTS.resolve()


def test_an_installed_package_takes_the_current_folder(
    monkeypatch: pytest.MonkeyPatch, site_packages: Path
) -> None:
    monkeypatch.chdir(FLIGHTS)
    assert project(site_packages).root == FLIGHTS.resolve()


def test_the_variable_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLIGHTS__ROOT", str(tmp_path))
    assert project(FLIGHTS).root == tmp_path.resolve()


def test_a_folder_without_configuration_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, site_packages: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="run from the project's root, or set FLIGHTS__ROOT"):
        project(site_packages).settings.seed
