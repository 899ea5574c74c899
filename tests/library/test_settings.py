import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from mlops_loop import Section, Settings
from mlops_loop._settings import CONFIG, ENV_PREFIX
from mlops_loop._settings_loading import load_settings
from mlops_loop._variable_names import mistaken_key
from mlops_loop.errors import SettingsError

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


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("monitoring.window", "9999999999d"),
        ("loop.training_window", "sliding:999999d"),
        ("monitoring.reference", "trailing:999999d"),
        ("challenge.max_duration", "99999999999999h"),
    ],
)
def test_a_duration_beyond_the_calendar_names_its_key(root: Path, key: str, value: str) -> None:
    edit(root, key, value)
    with pytest.raises(SettingsError, match=rf"(?s){key}.*too long: expected 36525d at most"):
        load_settings(root)


def test_a_training_window_in_the_environment_is_no_json(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}LOOP__TRAINING_WINDOW", "sliding:90d")
    assert load_settings(root).loop.training_window.span == 90 * DAY


def test_settings_are_frozen(root: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings(root).seed = 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sead", 1),
        ("training.fold", 7),
        ("training.tuning.trial", 7),
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


@pytest.mark.parametrize("text", ["- seed", "seed", "1: 2"])
def test_a_file_without_keys_is_explained(root: Path, text: str) -> None:
    (root / CONFIG).write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="needs keys with values"):
        load_settings(root)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("SEAD", f"SEAD overrides no key of config/project.yaml; did you mean {ENV_PREFIX}SEED?"),
        ("TRANING__FOLDS", f"did you mean {ENV_PREFIX}TRAINING__FOLDS?"),
        ("SERVING_PORT", f"did you mean {ENV_PREFIX}SERVING__PORT?"),
        ("TRAINING__FOLD", "TRAINING__FOLD: training.fold: unknown key; did you mean folds?"),
        ("TRAINING__TUNING__TRIAL", "training.tuning.trial: unknown key; did you mean trials?"),
        ("TRAINING", "TRAINING: training: expected keys with values"),
        ("SERVING__API_KEYS", "SERVING__API_KEYS: serving.api_keys: expected a list"),
    ],
)
@pytest.mark.parametrize("dotenv", [False, True])
def test_a_mistake_in_the_environment_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str, dotenv: bool
) -> None:
    if dotenv:
        (root / ".env").write_text(f"{ENV_PREFIX}{name}=1\n", encoding="utf-8")
    else:
        monkeypatch.setenv(f"{ENV_PREFIX}{name}", "1")
    with pytest.raises(SettingsError) as caught:
        load_settings(root)
    origin = ".env:" if dotenv else "environment variable"
    assert str(caught.value).startswith(f"{origin} {ENV_PREFIX}{name}")
    assert message in str(caught.value)


@pytest.mark.parametrize("rest", ["TRAINING__FOLDS", "TRAINING_FOLDS", "SEED"])
def test_one_underscore_after_the_package_is_a_typo(
    root: Path, monkeypatch: pytest.MonkeyPatch, rest: str
) -> None:
    stem = ENV_PREFIX.removesuffix("_")
    monkeypatch.setenv(f"{stem}HOME", "a variable of another program")
    assert load_settings(root).training.folds
    monkeypatch.setenv(f"{stem}{rest}", "7")
    meant = f"did you mean {ENV_PREFIX}{rest.replace('G_F', 'G__F')}?"
    with pytest.raises(SettingsError, match=re.escape(meant)):
        load_settings(root)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("FLIHGTS__SERVING__PORT", "FLIGHTS__SERVING__PORT"),
        ("FLIGTS__SERVING__PORT", "FLIGHTS__SERVING__PORT"),
        ("FLIGGHTS__SEED", "FLIGHTS__SEED"),
        ("FLOGHTS__SEED", "FLIGHTS__SEED"),
        ("FLIGHTS__SERVNG__PORT", "FLIGHTS__SERVING__PORT"),
        ("FLIGHTS_SERVNG__PORT", "FLIGHTS__SERVING__PORT"),
        ("FLIGHTS_SERVING_PORT", "FLIGHTS__SERVING__PORT"),
        ("FLIGHTS___SEED", "FLIGHTS__SEED"),
        ("FLIGHTS__ROTO", None),
    ],
)
def test_a_typing_error_in_any_part_of_a_variable_is_an_error(name: str, meant: str) -> None:
    found = mistaken_key(name, Settings, "FLIGHTS__")
    assert found is not None and (meant is None or found == meant)


@pytest.mark.parametrize(
    "name",
    "FLIGHTS__SEED FLIGHTS_HOME FLIGHTS_EU__SEED FLIGHTS2__SEED FLIGHT__SEED LIGHTS__SEED "
    "FL1GHTS__SEED EU_FLIGHTS__SEED FLIHGTS__OTHER FLIHGTS PATH __SEED".split(),
)
def test_variables_of_other_programs_are_left_alone(name: str) -> None:
    assert mistaken_key(name, Settings, "FLIGHTS__") is None


def test_the_environment_overrides_dotenv_and_dotenv_the_file(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (f"{ENV_PREFIX}TRAINING__FOLDS=7", f"{ENV_PREFIX}SEED=8", "API_KEY=k", "UID=1000")
    (root / ".env").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv(f"{ENV_PREFIX}SEED", "9")
    settings = load_settings(root)
    assert (settings.training.folds, settings.seed) == (7, 9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "config/project.yaml: source: a value is required"),
        (
            "training: {}\nsource: a\ntraning: {}",
            "line 3: traning: unknown key; did you mean train",
        ),
        (
            "source: a\ntraining:\n  folds: 2\n  holdout: 14",
            "config/project.yaml, line 4: training.holdout: invalid duration 14: expected a number "
            "and a unit (ms, s, m, h, d), e.g. 36h",
        ),
        ("source: a\ntraining:", "line 2: training: the section is empty"),
        (
            "source: a\nserving:\n  allowed_origins: https://shop.example.com",
            'line 3: serving.allowed_origins: expected a list, e.g. ["a", "b"], got \'https://shop',
        ),
        (
            "source: a\nserving:\n  allowed_origins: [https://shop.example.com/cart]",
            "line 3: serving.allowed_origins.0: expected an origin such as https://shop.example.com"
            ", without a path, got 'https://shop.example.com/cart'",
        ),
        (
            "source: a\nserving:\n  allowed_hosts: ['a.b:8000']",
            "line 3: serving.allowed_hosts.0: expected a host such as models.example.com,",
        ),
        ("source: a\nactions: {drift: wait}", "line 2: actions.drift: expected 'advise'"),
        ("source: a\nreplay: {sinc: 2013-01-01}", "line 2: replay.source: a value is required"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line(root: Path, text: str, message: str) -> None:
    (root / CONFIG).write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(root)
    assert message in str(caught.value)


class Fees(Section):
    currency: str = "EUR"


class OwnSettings(Settings):
    fees: Fees = Fees()


def test_a_section_of_the_project_is_as_strict(root: Path) -> None:
    (root / CONFIG).write_text("source: a\nfees: {curency: USD}", encoding="utf-8")
    with pytest.raises(SettingsError, match="fees.curency: unknown key; did you mean currency?"):
        load_settings(root, OwnSettings)


def test_lists_in_the_environment_are_json(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}SERVING__API_KEYS", '["hunter2"]')
    assert load_settings(root).serving.api_keys == ("hunter2",)
    monkeypatch.setenv(f"{ENV_PREFIX}SERVING__API_KEYS", "hunter2")
    with pytest.raises(SettingsError, match="SERVING__API_KEYS: lists and .* JSON") as caught:
        load_settings(root)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("serving.api_keys", "hunter2"),
        ("serving.api_keys", {"key": "hunter2"}),
        ("alerts.webhook", "slack://hunter2"),
        ("alerts.apprise", {"mail": ["hunter2"]}),
        ("source", None),  # the whole file is what pydantic names then
    ],
)
def test_no_message_shows_a_secret(
    root: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: object
) -> None:
    edit(root, key, value)
    if key == "source":
        monkeypatch.setenv(f"{ENV_PREFIX}SERVING__API_KEYS", '["hunter2"]')
    with pytest.raises(SettingsError) as caught:
        load_settings(root)
    assert key in str(caught.value) and "hunter2" not in str(caught.value)


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
