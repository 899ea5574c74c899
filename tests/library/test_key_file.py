"""The file of API keys, and the commands that change it."""

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from pwd import getpwuid

import pytest
from click.testing import CliRunner, Result

from mlops_loop._audit_log import AuditLog
from mlops_loop._history_archive import archive_history, has_history
from mlops_loop._settings import Settings
from mlops_loop.errors import InputError, ServiceError
from mlops_loop.serving._key_file import KeyFile
from mlops_loop.serving._keys import ApiKeys

from .projects import cli

NOW = datetime(2013, 1, 1, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


def test_no_key_is_kept_and_only_the_owner_reads_the_file(file: KeyFile) -> None:
    key = file.create("shop", NOW)
    assert len(key) >= 43 and key not in file.path.read_text()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert file.keys()["shop"].created == NOW


def test_names_are_taken_once_and_revoked_once(file: KeyFile) -> None:
    file.create("shop", NOW)
    with pytest.raises(InputError, match="'shop' already exists"):
        file.create("shop", NOW)
    file.revoke("shop")
    with pytest.raises(InputError, match="existing keys: none"):
        file.revoke("shop")
    assert file.create("shop", NOW)


def test_keys_that_are_made_at_once_are_all_kept(file: KeyFile) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: file.create(f"caller {number}", NOW), range(8)))
    assert len(file.keys()) == 8


@pytest.mark.parametrize("text", ["", "{", '{"shop": {}}', '{"shop": {"sha256": "x"}}'])
def test_a_damaged_file_is_explained_and_left_alone(file: KeyFile, text: str) -> None:
    file.path.write_text(text)
    with pytest.raises(ServiceError, match="restore the file"):
        file.keys()
    with pytest.raises(ServiceError, match="restore the file"):
        file.create("shop", NOW)
    assert file.path.read_text() == text


def test_the_commands(shop_settings: Settings) -> None:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["--root", str(shop_settings.root), "key", *arguments])

    made = run("create", "shop")
    assert made.exit_code == 0 and "for predict, and is not shown again" in made.stderr
    key = made.stdout.strip()
    assert run("list").stdout.startswith("shop ") and "for predict\n" in run("list").stdout
    listed = run("list", "--json").stdout
    assert "shop" in json.loads(listed) and key not in listed
    again = run("create", "shop")
    assert again.exit_code == 2 and "error: a key named 'shop' already exists" in again.stderr
    revoked = run("revoke", "shop")
    assert revoked.exit_code == 0 and "rejects every request" in revoked.stderr
    assert run("list").stdout == ""


def test_a_generated_key_is_accepted_by_its_digest_and_stored_nowhere(
    shop_settings: Settings,
) -> None:
    result = CliRunner().invoke(cli, ["--root", str(shop_settings.root), "key", "generate"])
    key, digest = result.stdout.splitlines()
    assert ApiKeys((digest,)).caller_of(key) is not None
    assert not shop_settings.path(shop_settings.serving.key_file).exists()
    report = json.loads(CliRunner().invoke(cli, ["key", "generate", "--json"]).stdout)
    assert report["digest"] == f"sha256:{sha256(report['key'].encode()).hexdigest()}"
    assert report["key"] != key


def test_a_key_has_the_scopes_that_it_is_given(shop_settings: Settings) -> None:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["--root", str(shop_settings.root), "key", *arguments])

    assert run("create", "ops", "--scope", "label", "--scope", "metrics").exit_code == 0
    assert json.loads(run("list", "--json").stdout)["ops"]["scopes"] == ["label", "metrics"]
    assert "'admin'" in run("create", "x", "--scope", "all").stderr


def test_key_events_are_in_the_audit_log(
    shop_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    secret = ""
    for arguments in (["create", "shop", "--scope", "label"], ["revoke", "shop"]):
        command = ["--root", str(shop_settings.root), "key", *arguments]
        secret += CliRunner().invoke(cli, command).stdout.strip()
    path = shop_settings.paths.audit_log
    created, revoked = AuditLog(path).completed()
    assert (created.kind, revoked.kind) == ("key create", "key revoke")
    assert created.details == {"key": "shop", "scopes": ["label"]}
    assert created.actor == revoked.actor == getpwuid(os.getuid()).pw_name
    assert secret[:43] not in path.read_text()


@pytest.mark.parametrize("name", ["", " shop", "a\nb", "\x1b[31mred", "x" * 65])
def test_names_fit_into_log_lines(file: KeyFile, name: str) -> None:
    with pytest.raises(InputError, match="invalid name of a key"):
        file.create(name, NOW)
    assert file.keys() == {}


def test_keys_outlive_the_archive_of_a_project_s_history(shop_settings: Settings) -> None:
    file = KeyFile(shop_settings.path(shop_settings.serving.key_file))
    file.create("shop", NOW)
    (shop_settings.paths.var / "alerts.jsonl").write_text("{}\n")
    assert has_history(shop_settings)
    archive_history(shop_settings)
    assert stat.S_IMODE(shop_settings.paths.var.stat().st_mode) == 0o700
    assert file.keys().keys() == {"shop"} and not has_history(shop_settings)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
