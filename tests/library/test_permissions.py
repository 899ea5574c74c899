"""What running a project makes is for its owner; what goes wrong with the disk is named."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_loop._audit_log import AuditEvent, AuditLog
from mlops_loop._file_lock import file_lock
from mlops_loop._project import Project
from mlops_loop.errors import StoreError
from mlops_loop.prediction_log import open_prediction_log
from mlops_loop.serving._key_file import KeyFile


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """The one with which all may read new files."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("first", ["log", "audit log", "key file", "lock"])
def test_only_the_owner_enters_var_whatever_makes_it(
    tmp_path: Path, project: Project, first: str
) -> None:
    var, now = tmp_path / "new" / "var", project.clock.now()
    if first == "log":
        open_prediction_log("sqlite:///var/predictions.db", root=var.parent).close()
        assert mode(var / "predictions.db") == 0o600
    elif first == "audit log":
        AuditLog(var / "audit_log.jsonl").append(AuditEvent(now, "test", "me", "why"))
    elif first == "key file":
        KeyFile(var / "keys.json").create("shop", now)
    else:
        with file_lock(var / "a.lock"):
            pass
    assert mode(var) == 0o700


def test_a_log_outside_of_var_is_the_owners_as_well(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/log.db"
    open_prediction_log(address, root=tmp_path).close()
    assert mode(tmp_path / "log.db") == 0o600


def test_a_lock_that_another_process_holds_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        file_lock(path),
        pytest.raises(StoreError, match="another process has locked"),
        file_lock(path, 0),
    ):
        pass


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_lock_fails_because_of_the_disk_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", fail)
    path = tmp_path / "full" / "lock"
    with pytest.raises(StoreError) as failure, file_lock(path):
        pass
    assert os.strerror(number) in str(failure.value) and "free space" in str(failure.value)
    assert "another process" not in str(failure.value)


def test_a_folder_that_is_a_file_is_not_taken_for_a_lock(tmp_path: Path) -> None:
    (tmp_path / "var").touch()
    with pytest.raises(StoreError, match="cannot be locked"), file_lock(tmp_path / "var" / "lock"):
        pass
