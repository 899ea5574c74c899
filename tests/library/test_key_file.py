"""The file of API keys, and the commands that change it."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlops_loop._settings import Settings
from mlops_loop.errors import InputError, ServiceError
from mlops_loop.serving._key_file import KeyFile

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
    assert made.exit_code == 0 and "not shown again" in made.stderr
    key = made.stdout.strip()
    assert run("list").stdout.startswith("shop ")
    listed = run("list", "--json").stdout
    assert "shop" in json.loads(listed) and key not in listed
    again = run("create", "shop")
    assert again.exit_code == 2 and "error: a key named 'shop' already exists" in again.stderr
    assert run("revoke", "shop").exit_code == 0
    assert run("list").stdout == ""
