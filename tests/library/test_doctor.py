"""`doctor` compares all copies, mends a damaged one from an intact one, and deletes neither."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops_loop._bundle import read_bundle
from mlops_loop._project import Project

from .conftest import open_copy
from .projects import cli
from .test_restoration import change_model, remove_everything

DAMAGED_POINTERS = {"lost": None, "emptied": b"", "cut": b'{"format": 1, "roll'}


def doctor(project: Project) -> tuple[int, str]:
    project.close()
    result = CliRunner().invoke(cli, ["--root", str(project.root), "doctor"])
    return result.exit_code, result.output


def pointer_of(project: Project) -> Path:
    return project.root / "var/bundles/pointer.json"


def aliases(project: Project) -> list[str | None]:
    registry = open_copy(project.root).registry
    return [registry.alias(name) for name in ("champion", "challenger")]


@pytest.mark.parametrize("content", DAMAGED_POINTERS.values(), ids=DAMAGED_POINTERS)
def test_a_lost_pointer_is_written_again_and_wipes_no_alias(
    project: Project, content: bytes | None
) -> None:
    before = project.published()
    if content is None:
        pointer_of(project).unlink()
    else:
        pointer_of(project).write_bytes(content)
    code, output = doctor(project)
    assert code == 0, output
    assert "the pointer was lost and has been written again from the audit log" in output
    assert open_copy(project.root).published() == before
    assert aliases(project) == ["1", None]
    kept = pointer_of(project).with_suffix(".damaged")
    assert kept.exists() == (content is not None)


def test_a_pointer_of_a_newer_library_is_left_alone(project: Project) -> None:
    pointer_of(project).write_text('{"format": 99}')
    code, output = doctor(project)
    assert code == 3
    assert "upgrade the library" in output
    assert pointer_of(project).read_text() == '{"format": 99}'
    assert aliases(project) == ["1", None]


def test_a_transition_restores_a_lost_pointer_first(project: Project) -> None:
    before = project.published()
    pointer_of(project).unlink()
    project.transitions.promote("1", actor="me", reason="again")
    assert project.published() == before


def test_without_pointer_and_audit_log_the_aliases_stay_and_are_named(project: Project) -> None:
    pointer_of(project).unlink()
    project.paths.audit_log.unlink()
    code, output = doctor(project)
    assert code == 3
    assert "alias says that version 1 is the champion" in output and "`promote 1`" in output
    assert aliases(project) == ["1", None]
    result = CliRunner().invoke(cli, ["--root", str(project.root), "promote", "1"])
    assert result.exit_code == 0, result.output
    assert doctor(project)[0] == 0


def remove(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    """Leave less than the intent, after which `doctor` would complete the transition."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3])


@pytest.mark.parametrize("damage", [remove, cut])
def test_a_lost_or_cut_audit_log_is_found(project: Project, damage: Callable[[Path], None]) -> None:
    damage(project.paths.audit_log)
    code, output = doctor(project)
    assert code == 3, output
    assert str(project.paths.audit_log) in output and "restore the file from a backup" in output
    arguments = ["--root", str(project.root), "promote", "1", "--reason", "the audit log was lost"]
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    assert "agrees with the pointer" in doctor(project)[1]


@pytest.mark.parametrize("damage", [change_model, remove_everything])
def test_a_damaged_copy_in_the_registry_is_replaced_by_the_published_bundle(
    project: Project, damage: Callable[[Path], None]
) -> None:
    (manifest,) = (project.root / "var/mlflow-artifacts").rglob("bundle.json")
    damage(manifest.parent)
    code, output = doctor(project)
    assert code == 0, output
    assert "its damaged copy in the registry has been replaced" in output
    read_bundle(manifest.parent).verify()
    read_bundle(project.bundles.fetch("1")).verify()
    assert "replaced" not in doctor(project)[1]


def test_if_both_copies_are_damaged_neither_is_touched(project: Project) -> None:
    folders = [path.parent for path in (project.root / "var").rglob("bundle.json")]
    for folder in folders:
        (folder / "model.onnx").write_bytes(b"damaged")
    code, output = doctor(project)
    assert code == 3
    assert "its bundle and its copy in the registry are missing or damaged" in output
    assert "restore one of them from a backup, or train a new version" in output
    assert "is not the file that was published" not in output and "run `doctor`" not in output
    assert "cannot serve" in output and "has nothing to answer with" in output
    assert [(folder / "model.onnx").read_bytes() for folder in folders] == [b"damaged"] * 2


DATABASES = ["var/predictions.db", "var/mlflow.db"]


@pytest.mark.parametrize("name", DATABASES)
def test_damaged_pages_of_a_database_are_found(project: Project, name: str) -> None:
    _ = project.log.totals()
    project.close()
    path = project.root / name
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        # An index: reading the table does not notice.
        query = "SELECT rootpage FROM sqlite_master WHERE type = 'index' ORDER BY rootpage DESC"
        page = connection.execute(query).fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\x55" * size)
    before = path.read_bytes()
    code, output = doctor(project)
    assert code == 3, output
    assert str(path) in output and ".recover" in output
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["api-keys.json", "secret.key"])
def test_a_damaged_file_of_keys_is_found_and_left_alone(project: Project, name: str) -> None:
    path = project.root / "var" / name
    assert "keys         no API key" in doctor(project)[1]
    assert not (project.root / "var/api-keys.json").exists()
    path.write_text("{")
    code, output = doctor(project)
    assert code == 3, output
    assert f"BAD  keys         {path}" in output and "restore" in output
    assert path.read_text() == "{"


@pytest.mark.parametrize("emptied", [False, True])
def test_a_lost_registry_is_found(project: Project, emptied: bool) -> None:
    project.close()
    path = project.root / "var/mlflow.db"
    path.unlink()
    if emptied:
        path.touch()
    code, output = doctor(project)
    assert code == 3, output
    assert str(path) in output and "version 1, the champion: restore it from a backup" in output
    assert "aliases agree" not in output and path.exists() == emptied


def test_every_check_runs_and_says_what_it_found(project: Project) -> None:
    result = CliRunner().invoke(cli, ["--root", str(project.root), "doctor", "--json"])
    checks = {check["name"]: check["finding"] for check in json.loads(result.stdout)["checks"]}
    assert "SQLite finds no damage" in checks["log"]
    assert "version 1 is the champion" in checks["pointer"]
    assert "agrees with the pointer" in checks["audit log"]
    assert result.exit_code == 0


def test_a_new_project_has_nothing_to_complain_about(parcels: Path, tmp_path: Path) -> None:
    root = tmp_path / "new"
    shutil.copytree(parcels, root)
    code, output = doctor(open_copy(root))
    assert code == 0, output
    assert not (root / "var/mlflow.db").exists()
