"""`doctor --deploy` judges the settings for production: one line and a section a finding."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mlops_loop._doctor.deployment import PAGE, check_deployment
from mlops_loop._documentation import read_page
from mlops_loop._project import Project
from mlops_loop._settings_loading import load_settings

from .places import FLIGHTS
from .projects import cli, project_in

# Apprise imports a module that Python deprecates.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DIGEST = f"sha256:{sha256(b'a key').hexdigest()}"
GOOD: dict[str, Any] = {
    "serving": {"api_keys": [DIGEST]},
    "alerts": {"webhook": "https://example.com/hook"},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    for name in ("project.yaml", "contract.yaml"):
        (tmp_path / "config" / name).write_bytes((FLIGHTS / "config" / name).read_bytes())
    return tmp_path


def project_with(root: Path, **settings: Any) -> Project:
    return project_in(root, settings=load_settings(root, **{**GOOD, **settings}))


def risks(project: Project, *receivers: str) -> dict[str, str]:
    checks = check_deployment(project, receivers)
    return {check.name: check.finding for check in checks if not check.passed}


def test_good_settings_have_no_risk_and_hints_do_not_fail(root: Path) -> None:
    checks = check_deployment(project_with(root))
    assert all(check.passed for check in checks), checks
    assert {check.name for check in checks if check.warning} == {"store", "backups"}


REMOTE = "db.example.org"
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("keys", {"serving": {}}, "there is no API key"),
    ("keys", {"serving": {"api_keys": [DIGEST], "allow_anonymous": True}}, "allow_anonymous"),
    ("keys", {"serving": {"api_keys": ["a-key-as-such-of-32-characters-00"]}}, "sha256"),
    (
        "durability",
        {"prediction_log": "sqlite:///var/predictions.db?durability=best_effort"},
        "best_effort",
    ),
    ("connections", {"prediction_log": f"redis://{REMOTE}/0?spool=s"}, "rediss://"),
    (
        "connections",
        {"prediction_log": f"rediss://{REMOTE}/0?spool=s&ssl_cert_reqs=none"},
        "not verified",
    ),
    ("connections", {"prediction_log": f"postgresql://me@{REMOTE}/db?spool=s"}, "verify-full"),
    (
        "connections",
        {"prediction_log": f"postgresql://me@{REMOTE}/db?spool=s&sslmode=require"},
        "verify-full",
    ),
    ("connections", {"tracking": {"uri": "http://mlflow.example.org"}}, "tracking.uri"),
    ("connections", {"alerts": {"webhook": "http://example.com/hook"}}, "alerts.webhook"),
    (
        "store",
        {"serving": {"api_keys": [DIGEST], "trusted_types": ["shop.Model"]}},
        "trusted_types",
    ),
    ("alerts", {"alerts": {}}, "alerts.webhook"),
    ("alerts", {"alerts": {"apprise": {"mail": "nonsense://x"}}}, "alerts.apprise.mail is not"),
    (
        "alerts",
        {"alerts": {"webhook": "https://example.com/hook", "apprise": {"chat": "no url"}}},
        "alerts.apprise.chat is not",
    ),
    (
        "address",
        {"serving": {"api_keys": [DIGEST], "allowed_origins": ["*"]}},
        "serving.allowed_origins",
    ),
]


@pytest.mark.parametrize(("topic", "settings", "text"), BAD)
def test_a_risk_is_named_with_its_section(
    root: Path, topic: str, settings: dict[str, Any], text: str
) -> None:
    found = risks(project_with(root, **settings))
    assert list(found) == [topic] and text in found[topic]


@pytest.mark.parametrize(
    "settings",
    [
        {"prediction_log": f"rediss://{REMOTE}/0?spool=s"},
        {"prediction_log": f"postgresql://me@{REMOTE}/db?spool=s&sslmode=verify-full"},
        {"prediction_log": "postgresql://me@127.0.0.1/db?spool=s"},
        {"alerts": {"apprise": {"mail": "mailtos://me:secret@example.org"}}},
    ],
)
def test_settings_that_are_safe_are_not_named(root: Path, settings: dict[str, Any]) -> None:
    assert risks(project_with(root, **settings)) == {}


def test_a_receiver_of_the_project_is_a_hint(root: Path) -> None:
    assert risks(project_with(root, alerts={}), "page_on_call") == {}


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "10.0.0.7", "models.example.org"])
def test_an_address_beyond_loopback_asks_for_a_proxy(root: Path, host: str) -> None:
    project = project_with(root, serving={"api_keys": [DIGEST], "host": host})
    risk, hint = (check for check in check_deployment(project) if check.name == "address")
    assert not risk.passed and "serving.allowed_hosts" in risk.finding
    assert hint.passed and hint.warning and "TLS" in hint.finding
    listed = {"api_keys": [DIGEST], "host": host, "allowed_hosts": ["models.example.org"]}
    assert risks(project_with(root, serving=listed)) == {}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("prediction_log: postgresql://me:secret@db/x", "prediction_log"),
        ("alerts: {apprise: {mail: 'mailtos://me:secret@example.org'}}", "alerts.apprise.mail"),
        (f"serving: {{api_keys: ['{DIGEST}']}}", "serving.api_keys"),
    ],
)
def test_a_secret_in_the_configuration_is_named_and_not_told(
    root: Path, line: str, key: str
) -> None:
    project = project_with(root)
    file = root / "config/project.yaml"
    file.write_text(f"source: rows.csv\n{line}\n")
    found = risks(project)["secrets"]
    assert key in found and "secret@" not in found


@pytest.fixture
def readable(root: Path) -> Iterator[Path]:
    var = root / "var"
    var.mkdir(mode=0o755)
    var.chmod(0o755)
    yield var


def test_files_that_others_can_read_are_named(root: Path, readable: Path) -> None:
    (readable / "predictions.db").touch(0o644)
    (readable / "predictions.db").chmod(0o644)
    checks = check_deployment(project_with(root))
    named = [check.finding for check in checks if check.name == "permissions"]
    assert [text.split(": run")[0].split()[-1] for text in named] == [
        str(readable),
        str(readable / "predictions.db"),
    ]
    readable.chmod(0o700)
    assert risks(project_with(root)) == {}


def test_every_reference_is_a_section_of_the_page(root: Path) -> None:
    checks = check_deployment(project_with(root))
    page = read_page(PAGE)
    for check in checks:
        assert f"\n### {check.name}\n" in page, check.name


def test_the_command_exits_with_3_and_names_the_page(root: Path) -> None:
    result = CliRunner().invoke(cli, ["--root", str(root), "doctor", "--deploy"])
    assert result.exit_code == 3, result.output
    assert "BAD  keys         there is no API key" in result.output
    assert f"(docs {PAGE}#keys)" in result.output
    environment = {
        "FLIGHTS__SERVING__API_KEYS": json.dumps([DIGEST]),
        "FLIGHTS__ALERTS__WEBHOOK": "https://example.com/hook",
    }
    arguments = ["--root", str(root), "doctor", "--deploy", "--json"]
    result = CliRunner().invoke(cli, arguments, env=environment)
    assert result.exit_code == 0, result.output
    checks = json.loads(result.stdout)["checks"]
    assert {check["reference"] for check in checks if check["warning"]} == {
        f"{PAGE}#store",
        f"{PAGE}#backups",
    }
