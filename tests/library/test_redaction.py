"""No message and no log line shows a secret, whatever is wrong with the setting that holds it."""

import io
import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
import yaml
from click.testing import CliRunner

from mlops_loop import Section, Settings
from mlops_loop._logs import configure_logs
from mlops_loop._redaction import redact
from mlops_loop._settings import CONFIG, ENV_PREFIX
from mlops_loop._settings_loading import load_settings
from mlops_loop.cli import print_traceback
from mlops_loop.data import open_source
from mlops_loop.errors import ProjectError, SettingsError, StoreError
from mlops_loop.monitoring._receivers import Alert, settings_receivers
from mlops_loop.serving._problem import Problem

from .places import FLIGHTS
from .projects import cli

SECRET = "hunter2-S3cret"
NOBODY = "127.0.0.1:1"  # where nothing listens


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(FLIGHTS / "config", tmp_path / "config")
    return tmp_path


def edit(root: Path, key: str, value: object) -> None:
    body = section = yaml.safe_load((root / CONFIG).read_text(encoding="utf-8"))
    *sections, last = key.split(".")
    for name in sections:
        section = section.setdefault(name, {})
    section[last] = value
    (root / CONFIG).write_text(yaml.safe_dump(body), encoding="utf-8")


ADDRESSES = [
    f"shop:{SECRET}@db/orders",
    f"postgresql:shop:{SECRET}@db/orders",
    f"postgresql:/shop:{SECRET}@db/orders",
    f"postgres://shop:{SECRET}@db/orders",
    f"postgresql://shop:{SECRET}@{NOBODY}/orders",
    f"postgresql://shop:{SECRET}@127.0.0.1:port/orders",
    f"postgresql://shop:{SECRET}@{NOBODY}/orders?speed=high",
    f"postgresql://shop:{SECRET}@{NOBODY}/orders?name=A-B",
    f"postgresql://shop:p@{SECRET}@{NOBODY}/orders",
    f"postgresql://shop:p/{SECRET}@{NOBODY}/orders",
    f"postgresql://{NOBODY}/orders?password={SECRET}",
    f"postgresql://127.0.0.1:{SECRET}/orders",
    f"redis://:{SECRET}@{NOBODY}/0",
    f"redis://shop:{SECRET}@{NOBODY}/zero",
    f"redis://127.0.0.1:{SECRET}/0",
    f"rediss://:{SECRET}@{NOBODY}/0?ssl_ca_certs=missing.pem",
    f"sqlite://shop:{SECRET}@/orders",
    f"sqlite:shop:{SECRET}@orders",
    f"https://shop:{SECRET}@{NOBODY}/rows.csv",
    f"https://{NOBODY}/rows.csv?sig={SECRET}&X-Amz-Signature={SECRET}",
    f"gopher://shop:{SECRET}@{NOBODY}/rows.csv",
    f"sql://postgresql+psycopg://shop:{SECRET}@{NOBODY}/orders",
    f"sql://postgresql+nothing://shop:{SECRET}@{NOBODY}/orders",
    f"sql://shop:{SECRET}@{NOBODY}",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_wrong_address_of_the_prediction_log_hides_its_password(root: Path, address: str) -> None:
    edit(root, "prediction_log", address)
    result = CliRunner().invoke(cli, ["--root", str(root), "label", str(root / CONFIG)])
    assert result.exit_code in (1, 2) and "error: " in result.stderr
    assert "internal error" not in result.stderr
    assert SECRET not in result.output + str(result.exception)
    assert SECRET not in CliRunner().invoke(cli, ["--root", str(root), "doctor", "--json"]).output


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("query", [None, "select 1"])
def test_a_wrong_source_hides_its_password(root: Path, address: str, query: str | None) -> None:
    edit(root, "source", address)
    edit(root, "query", query)
    settings = load_settings(root)
    with pytest.raises(ProjectError) as caught:
        list(open_source(settings.source, settings).tables(settings.contract()))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("key", ["tracking.uri", "bundle_store"])
def test_wrong_addresses_of_the_registry_hide_their_password(
    root: Path, key: str, address: str
) -> None:
    edit(root, key, address)
    for command in (["doctor", "--json"], ["models"]):
        result = CliRunner().invoke(cli, ["--root", str(root), *command])
        assert SECRET not in result.output + str(result.exception)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("serving.api_keys", SECRET),
        ("serving.api_keys", {"shop": SECRET}),
        ("serving.api_keys", [[SECRET]]),
        ("serving.api_key", [SECRET]),
        ("serving", SECRET),
        ("servng", {"api_keys": [SECRET]}),
        ("alerts.webhook", f"slack://{SECRET}"),
        ("alerts.webhook", [f"https://hooks.example/{SECRET}"]),
        ("alerts.webhok", f"https://hooks.example/{SECRET}"),
        ("alerts.apprise", SECRET),
        ("alerts.apprise", {"mail": [SECRET]}),
        ("alerts.apprise", {"my mail": f"mailtos://shop:{SECRET}@example.com"}),
        ("alerts", f"https://hooks.example/{SECRET}"),
        ("alert", {"webhook": f"https://hooks.example/{SECRET}"}),
        ("prediction_log", [f"postgresql://shop:{SECRET}@db/orders"]),
        ("prediction_logs", f"postgresql://shop:{SECRET}@db/orders"),
        ("tracking", f"http://shop:{SECRET}@mlflow"),
        ("tracking.url", f"http://shop:{SECRET}@mlflow"),
        ("source", {"url": f"https://shop:{SECRET}@example.com"}),
        ("replay", f"https://shop:{SECRET}@example.com/rows.csv"),
        ("replay.sources", f"https://shop:{SECRET}@example.com/rows.csv"),
        ("shop.token", {"value": SECRET}),
        ("shop.token_seconds", SECRET),
        ("shop.api_keys", SECRET),
    ],
)
def test_an_invalid_setting_hides_its_value(root: Path, key: str, value: object) -> None:
    edit(root, key, value)
    with pytest.raises(SettingsError) as caught:
        load_settings(root, OwnSettings)
    assert key.partition(".")[0] in str(caught.value).lower() and SECRET not in str(caught.value)


class Shop(Section):
    token: str = ""
    token_seconds: int = 5


class OwnSettings(Settings):
    shop: Shop = Shop()


@pytest.mark.parametrize(
    "line",
    [
        f"serving: {{api_keys: [*{SECRET}]}}",
        f"serving: {{api_keys: [@{SECRET}]}}",
        f"alerts: {{webhook: !{SECRET} x}}",
        f'alerts: {{webhook: "\\{SECRET}"}}',
        f"alerts: {{webhook: 'https://{SECRET}",
        f"prediction_log: postgresql://shop:{SECRET}@db: x",
    ],
)
def test_a_file_that_is_not_yaml_hides_its_words(root: Path, line: str) -> None:
    (root / CONFIG).write_text(f"source: a\n{line}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"not valid YAML: line \d+, column \d+: \w+") as caught:
        load_settings(root)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None  # for --debug, which shows what led to an exception


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVING__API_KEYS", SECRET),
        ("SERVING", SECRET),
        ("ALERTS__APPRISE", f"mailtos://shop:{SECRET}@example.com"),
        ("ALERTS__WEBHOOK", f"slack://{SECRET}"),
        ("PREDICTION_LOGS", f"postgresql://shop:{SECRET}@db/orders"),
        ("SERVING_API_KEYS", SECRET),
    ],
)
@pytest.mark.parametrize("dotenv", [False, True])
def test_a_wrong_variable_hides_its_value(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, dotenv: bool
) -> None:
    if dotenv:
        (root / ".env").write_text(f"{ENV_PREFIX}{name}={value}\n", encoding="utf-8")
    else:
        monkeypatch.setenv(ENV_PREFIX + name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings(root)
    assert name in str(caught.value) and SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("alerts.webhook", f"http://{NOBODY}/services/{SECRET}"),
        ("alerts.webhook", f"http://shop:{SECRET}@{NOBODY}/"),
        ("alerts.webhook", f"http://{NOBODY}:{SECRET}/"),
        ("alerts.apprise", {"mail": f"nothing://{SECRET}"}),
        ("alerts.apprise", {"mail": f"json://shop:{SECRET}@{NOBODY}"}),
    ],
)
def test_an_alert_that_is_not_delivered_hides_where_to(
    root: Path, key: str, value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(root, key, value)
    receiver = settings_receivers(load_settings(root))[
        "webhook" if key.endswith("webhook") else "apprise.mail"
    ]
    try:
        receiver(Alert(datetime(2013, 1, 1, tzinfo=UTC), "drift"))
    except Exception as error:
        assert SECRET not in redact(str(error))
    assert SECRET not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://shop.example:8000/a@b", "https://shop.example:8000/a@b"),
        ("see http://127.0.0.1:8000, or http://[::1]:8000/docs.", None),
        ("postgresql://shop@db:5432/orders: no answer", None),
        ("run `key create NAME`; mail ada@example.com at 10:30", None),
        ("s3://bucket/rows/*.parquet: key=value, at 3:4", None),
        ("sql://postgresql+psycopg://a:b@c/d", "sql://postgresql+psycopg://a:***@c/d"),
        ("Server=db;Password=x y;", "Server=db;Password=*** y;"),
    ],
)
def test_only_secrets_are_hidden(text: str, expected: str | None) -> None:
    assert redact(text) == (text if expected is None else expected)


def test_the_name_of_a_user_is_no_secret(root: Path) -> None:
    edit(root, "prediction_log", "postgresql://postgres:postgres@localhost/postgres")
    load_settings(root)
    assert redact("the role postgres does not exist") == "the role postgres does not exist"


@pytest.mark.parametrize("password", ['a"b\\c-123456', "ä€-123456", "p%40ss-123456"])
def test_log_lines_and_tracebacks_hide_secrets(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], password: str
) -> None:
    edit(root, "serving.api_keys", [password])
    load_settings(root)
    raw, terminal = io.BytesIO(), sys.stderr
    stderr = io.TextIOWrapper(raw)
    monkeypatch.setattr("sys.stderr", stderr)
    configure_logs()
    try:
        raise ValueError(f"bad key {password}")
    except ValueError as error:
        structlog.get_logger().exception("failed", key=password)
        capsys.readouterr()
        monkeypatch.setattr("sys.stderr", terminal)
        print_traceback(type(error), error, error.__traceback__)
    structlog.reset_defaults()
    line = json.loads(raw.getvalue())
    assert line["key"] == "***" and "123456" not in line["exception"]
    assert "123456" not in capsys.readouterr().err.replace("password", "")


def test_messages_of_the_library_and_answers_are_redacted() -> None:
    address = f"postgresql://shop:{SECRET}@db"
    assert str(StoreError(f"{address} is unavailable")) == "postgresql://shop:***@db is unavailable"
    assert SECRET not in Problem(503, f"{address} is unavailable").encode("r-1").decode()


def test_a_usage_error_hides_what_it_quotes(root: Path) -> None:
    arguments = ["--root", str(root), "label", f"s3://shop:{SECRET}@bucket/labels.csv"]
    assert SECRET not in CliRunner().invoke(cli, arguments).output


def test_an_exception_that_nobody_catches_is_printed_without_secrets() -> None:
    CliRunner().invoke(cli, ["--help"])
    assert sys.excepthook is print_traceback
