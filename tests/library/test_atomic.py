"""Files and folders that appear complete or not at all."""

from pathlib import Path

import pytest

from mlops_loop._atomic import atomic_folder, atomic_write


def test_a_file_is_replaced_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "file.txt"
    for text in ("first", "second"):
        with atomic_write(path) as draft:
            draft.write_text(text)
    assert path.read_text() == "second"
    assert list(path.parent.iterdir()) == [path]


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
