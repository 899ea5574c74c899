import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from mlops_loop.errors import SettingsError
from mlops_loop.settings import CONFIG, ENV_PREFIX, load_settings

from .places import FLIGHTS

ROOT = FLIGHTS
NOW = datetime(2013, 9, 1, tzinfo=UTC)
DAY = timedelta(days=1)
START = NOW - 80 * DAY


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path


def edit(root: Path, key: str, value: object) -> None:
    """Give a key, as `section.key`, another value, or none."""
    body = section = yaml.safe_load((root / CONFIG).read_text(encoding="utf-8"))
    *sections, last = key.split(".")
    for name in sections:
        section = section[name]
    section.pop(last, None)
    if value is not None:
        section[last] = value
    (root / CONFIG).write_text(yaml.safe_dump(body), encoding="utf-8")


def test_the_project_s_own_settings_are_valid(root: Path) -> None:
    settings = load_settings(root)
    assert settings.path("var") == root.resolve() / "var"
    assert settings.contract().target.name


def test_the_environment_overrides_the_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}TRAINING__FOLDS", "7")
    assert load_settings(root).training.folds == 7


def test_settings_are_frozen(root: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings(root).seed = 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sead", 1),
        ("training.folds", "many"),
        ("monitoring.window", 30),
        ("source", None),
    ],
)
def test_a_mistake_is_named_by_its_key(root: Path, key: str, value: object) -> None:
    edit(root, key, value)
    with pytest.raises(SettingsError) as caught:
        load_settings(root)
    assert f" {key}: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="run from the project's root"):
        load_settings(tmp_path)


def test_broken_yaml_is_named(root: Path) -> None:
    (root / CONFIG).write_text("seed: [", encoding="utf-8")
    with pytest.raises(SettingsError, match="not valid YAML"):
        load_settings(root)


@pytest.mark.parametrize(
    ("text", "changed", "since"),
    [
        ("expanding", START, None),
        ("sliding:90d", None, NOW - 90 * DAY),
        ("sliding:90d", START, NOW - 90 * DAY),
        ("since_change:60d", None, None),
        ("since_change:60d", NOW - 80 * DAY, NOW - 80 * DAY),
        ("since_change:60d", NOW - 3 * DAY, NOW - 60 * DAY),
    ],
)
def test_the_rows_of_a_retraining_begin_where_the_settings_say(
    text: str, changed: datetime | None, since: datetime | None, root: Path
) -> None:
    edit(root, "loop.training_window", text)
    assert load_settings(root).loop.training_window.since(NOW, changed) == since


@pytest.mark.parametrize("text", ["all", "sliding", "sliding:", "since_change", "expanding:3d"])
def test_other_words_for_the_rows_of_a_retraining_are_refused(text: str, root: Path) -> None:
    edit(root, "loop.training_window", text)
    with pytest.raises(SettingsError, match="since_change:60d"):
        load_settings(root)
