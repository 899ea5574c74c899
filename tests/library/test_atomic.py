"""Files and folders that appear complete or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_loop._atomic import atomic_folder, atomic_write, make_folder
from mlops_loop._audit_log import AuditEvent, AuditLog
from mlops_loop._project import Project


def test_a_file_is_replaced_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "file.txt"
    for text in ("first", "second"):
        with atomic_write(path) as draft:
            draft.write_text(text)
    assert path.read_text() == "second"
    assert list(path.parent.iterdir()) == [path]


def test_two_writers_with_one_process_number_have_drafts_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with atomic_write(path) as outer:
        outer.write_text("outer")
        with atomic_write(path) as inner:
            inner.write_text("inner")
        assert path.read_text() == "inner" and outer.read_text() == "outer"
    assert path.read_text() == "outer"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_stays_as_it_was_when_the_block_fails(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as draft:
        draft.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_or_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    for name in ("first", "second"):
        with atomic_folder(path) as draft:
            (draft / "sub").mkdir()
            (draft / "sub" / name).touch()
    with pytest.raises(ZeroDivisionError), atomic_folder(path) as draft:
        (draft / "third").touch()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == [path]
    assert [file.name for file in path.rglob("*")] == ["sub", "second"]


@pytest.fixture
def unsynced(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], set[str]]:
    """What a loss of power could take of a path and all below it: files and folders not synced."""
    synced: set[int] = set()
    fsync = os.fsync

    def record(descriptor: int) -> None:
        fsync(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", record)

    def missing(path: Path) -> set[str]:
        everything = (path, *path.rglob("*"))
        return {each.name for each in everything if each.stat().st_ino not in synced}

    return missing


def test_content_is_on_disk_before_its_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unsynced: Callable[[Path], set[str]]
) -> None:
    renamed: list[Path] = []

    def rename(draft: Path, target: Path) -> Path:
        assert unsynced(draft) == set()
        renamed.append(target)
        os.rename(draft, target)
        return target

    monkeypatch.setattr(Path, "rename", rename)
    monkeypatch.setattr(Path, "replace", rename)
    with atomic_folder(tmp_path / "bundle") as draft:
        (draft / "sub").mkdir()
        for name in ("model.onnx", "sub/more"):
            (draft / name).write_bytes(b"content")
    with atomic_write(tmp_path / "pointer.json") as draft:
        draft.write_text("{}")
    assert renamed == [tmp_path / "bundle", tmp_path / "pointer.json"]
    assert unsynced(tmp_path) == set()


def test_the_folder_that_is_replaced_goes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bundle"
    with atomic_folder(path) as draft:
        (draft / "first").touch()
    move = Path.rename

    def cut_off(source: Path, target: Path) -> Path:
        if target == path:
            raise KeyboardInterrupt
        return move(source, target)

    monkeypatch.setattr(Path, "rename", cut_off)
    with pytest.raises(KeyboardInterrupt), atomic_folder(path) as draft:
        (draft / "second").touch()
    assert [file.name for file in tmp_path.rglob("first")] == ["first"]
    monkeypatch.undo()
    with atomic_folder(path) as draft:
        (draft / "third").touch()
    assert [file.name for file in tmp_path.rglob("*")] == ["bundle", "third"]


def test_new_folders_and_the_audit_log_are_on_disk(
    tmp_path: Path, unsynced: Callable[[Path], set[str]], project: Project
) -> None:
    make_folder(tmp_path / "one" / "two")
    assert unsynced(tmp_path / "one") == {"two"}  # what has the name; there is nothing in it yet
    AuditLog(tmp_path / "var" / "audit.jsonl").append(
        AuditEvent(project.clock.now(), "test", "me", "why")
    )
    assert unsynced(tmp_path / "var") <= {".audit.jsonl.lock"}  # which may be lost


def test_artifacts_of_the_registry_are_on_disk(
    tmp_path: Path, unsynced: Callable[[Path], set[str]], project: Project
) -> None:
    registry, run = project.registry, project.registry.version("1").run_id
    (tmp_path / "model" / "sub").mkdir(parents=True)
    (tmp_path / "model" / "sub" / "file").write_text("content")
    registry.log_folder(run, tmp_path / "model", "synced")
    (folder,) = project.root.rglob("synced")
    assert unsynced(folder) == set()
    registry.log_texts(run, {"note.txt": "content"})
    assert unsynced(folder.with_name("note.txt")) == set()
