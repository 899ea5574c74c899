"""A copy for tests writes to its own folder, whatever the settings and the environment say."""

import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mlops_loop import Project
from mlops_loop.errors import SettingsError
from mlops_loop.registry import ChampionChange
from mlops_loop.testing import API_KEY, project_copy

from ..places import FLIGHTS
from ..projects import project_in

# What an operator may have configured: nothing of it may be reached from a test.
PRODUCTION = {
    "prediction_log": "postgresql://postgres@db.invalid/predictions",
    "bundle_store": "s3://bucket.invalid/bundles",
    "tracking": {"uri": "http://mlflow.invalid"},
    "alerts": {"webhook": "https://hooks.invalid", "apprise": {"ops": "mailto://ops@invalid"}},
}


@pytest.fixture
def original(tmp_path: Path) -> Project:
    """A project with settings for production, and rows in a file."""
    root = tmp_path / "original"
    shutil.copytree(FLIGHTS / "config", root / "config")
    path, yaml = root / "config/project.yaml", YAML()
    settings = yaml.load(path) | PRODUCTION | {"source": "data/rows.csv"}
    yaml.dump(settings, path)
    return project_in(root)


def test_nothing_outside_is_written_to(original: Project, tmp_path: Path) -> None:
    copy = project_copy(original, tmp_path / "copy")
    settings = copy.settings
    assert settings.prediction_log == "sqlite:///var/predictions.db"
    assert settings.bundle_store == "var/bundles"
    assert settings.tracking.uri == "sqlite:///var/mlflow.db"
    assert settings.alerts.webhook is None and not settings.alerts.apprise
    assert settings.serving.api_keys == (API_KEY,)
    assert copy.root == settings.root == tmp_path / "copy"
    assert original.settings.prediction_log == PRODUCTION["prediction_log"]


def test_what_is_not_about_places_stays(original: Project, tmp_path: Path) -> None:
    copy = project_copy(original, tmp_path / "copy")
    assert copy.settings.tracking.model == original.settings.tracking.model
    assert copy.settings.training == original.settings.training
    assert copy.contract.digest == original.contract.digest


def test_the_environment_changes_no_place(
    original: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLIGHTS__PREDICTION_LOG", "redis://cache.invalid")
    monkeypatch.setenv("FLIGHTS__ALERTS__WEBHOOK", "https://hooks.invalid")
    monkeypatch.setenv("FLIGHTS__SERVING__API_KEYS", '["secret"]')
    monkeypatch.setenv("FLIGHTS__TRAINING__FOLDS", "5")
    settings = project_copy(original, tmp_path / "copy").settings
    assert settings.prediction_log == "sqlite:///var/predictions.db"
    assert settings.alerts.webhook is None
    assert settings.serving.api_keys == (API_KEY,)
    assert settings.training.folds == 5


@pytest.mark.parametrize(
    ("source", "address"),
    [
        (None, "{root}/data/rows.csv"),
        ("tests/few.parquet", "{root}/tests/few.parquet"),
        ("file://data/*.csv", "{root}/data/*.csv"),
        ("/elsewhere/rows.csv", "/elsewhere/rows.csv"),
        ("https://example.com/rows.csv", "https://example.com/rows.csv"),
        ("sample://flights", "sample://flights"),
        ("sql://sqlite:///data/rows.db", "sql://sqlite:///{root}/data/rows.db"),
    ],
)
def test_the_source_is_found_from_the_original(
    original: Project, tmp_path: Path, source: str | None, address: str
) -> None:
    (original.root / "data").mkdir()
    (original.root / "data/rows.db").touch()
    copy = project_copy(original, tmp_path / "copy", source=source)
    assert copy.settings.source == address.format(root=original.root)


def test_callbacks_are_not_called(original: Project, tmp_path: Path) -> None:
    def announce(change: ChampionChange) -> None:
        raise AssertionError("a test told the world")

    original.callbacks = {"promote": [announce], "rollback": [announce]}
    assert not any(project_copy(original, tmp_path / "copy").callbacks.values())


def test_a_mistake_in_the_settings_is_not_hidden(original: Project, tmp_path: Path) -> None:
    path = original.root / "config/project.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\nno_such_key: 1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="no_such_key"):
        project_copy(original, tmp_path / "copy")
