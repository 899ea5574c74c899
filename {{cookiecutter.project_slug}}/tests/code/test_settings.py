import shutil
from pathlib import Path

import pytest

from {{ cookiecutter.package_name }}.errors import SettingsError
from {{ cookiecutter.package_name }}.settings import CONFIG, ENV_PREFIX, load_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path


def edit(root: Path, old: str, new: str) -> None:
    path = root / CONFIG
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


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
    ("old", "new", "named"),
    [
        ("seed:", "sead:", "sead"),
        ("folds: 3", "folds: many", "training.folds"),
        ("window: 30d", "window: 30", "monitoring.window"),
        ("  folds: 3\n", "", "training.folds"),
    ],
)
def test_a_mistake_is_named_by_its_key(root: Path, old: str, new: str, named: str) -> None:
    edit(root, old, new)
    with pytest.raises(SettingsError) as caught:
        load_settings(root)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="run from the project's root"):
        load_settings(tmp_path)


def test_broken_yaml_is_named(root: Path) -> None:
    (root / CONFIG).write_text("seed: [", encoding="utf-8")
    with pytest.raises(SettingsError, match="not valid YAML"):
        load_settings(root)
