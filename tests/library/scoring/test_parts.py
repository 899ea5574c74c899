"""A score that was cut off is taken up where it ended, and no row comes twice."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from uuid import UUID

import pytest

from mlops_loop._file_lock import file_lock
from mlops_loop._scoring import score
from mlops_loop.errors import InputError, StoreError

from .inputs import SIZES, predictor, table, write
from .parts import MIXED, in_parts


def kill_in_the_middle(folder: Path) -> None:
    here = Path(__file__).parent
    program = (
        f"import sys, pathlib; sys.path.insert(0, {str(here.parent)!r}); "
        f"from {here.name} import parts; "
        f"parts.in_parts(pathlib.Path({str(folder)!r}), progress=parts.die)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_after_a_kill_finished_parts_are_kept_and_no_row_comes_twice(tmp_path: Path) -> None:
    write(table([*MIXED]), tmp_path / "in.parquet")
    target = tmp_path / "out.parquet"
    target.write_bytes(b"old")
    kill_in_the_middle(tmp_path)
    assert target.read_bytes() == b"old"
    told: list[int] = []
    *resumed, kept = in_parts(tmp_path, progress=told.append)
    assert kept == 6 and told == [8, 10, 12]
    *whole, none = in_parts(tmp_path, "other.parquet")
    assert none == 0 and all(one.equals(two) for one, two in zip(resumed, whole, strict=True))
    assert resumed[0]["row"].to_pylist() == [1, 2, 3, 6, 7, 9, 10, 11]
    assert resumed[1]["row"].to_pylist() == [4, 5, 8, 12]
    assert not list(tmp_path.glob("*.parts"))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_parts_of_another_model_or_input_are_not_taken_up(tmp_path: Path) -> None:
    write(table([*MIXED]), tmp_path / "in.parquet")
    kill_in_the_middle(tmp_path)
    found, _, kept = in_parts(tmp_path, version="8")
    assert kept == 0 and set(found["model_version"].to_pylist()) == {"8"}
    kill_in_the_middle(tmp_path)
    os.utime(tmp_path / "in.parquet", ns=(1, 1))
    assert in_parts(tmp_path)[2] == 0


def test_a_part_that_lost_a_file_is_done_anew_with_all_behind_it(tmp_path: Path) -> None:
    write(table([*MIXED]), tmp_path / "in.parquet")

    def fail(rows: int) -> None:
        if rows == 10:
            raise StoreError("away")

    with pytest.raises(StoreError):
        in_parts(tmp_path, progress=fail)
    (tmp_path / "out.parquet.parts" / "1.quarantine.parquet").unlink()
    found, bad, kept = in_parts(tmp_path)
    assert kept == 2 and len(found) + len(bad) == len(MIXED)


def test_an_error_ahead_is_raised_and_leaves_no_thread(tmp_path: Path) -> None:
    write(table([*MIXED]), tmp_path / "in.parquet")
    before = threading.active_count()
    with pytest.raises(StoreError, match="too many"):
        score(tmp_path / "in.parquet", tmp_path / "out.parquet", predictor(most=1), batch_rows=2)
    assert threading.active_count() == before


def test_two_processes_do_not_write_one_output(tmp_path: Path) -> None:
    write(table([*MIXED]), tmp_path / "in.parquet")
    with (
        file_lock(tmp_path / "out.parquet.parts" / "lock"),
        pytest.raises(InputError, match="another process is writing"),
    ):
        in_parts(tmp_path)


def test_a_folder_that_cannot_be_locked_is_not_taken_for_another_process(tmp_path: Path) -> None:
    write(table([*MIXED]), tmp_path / "in.parquet")
    (tmp_path / "out.parquet.parts").touch()
    with pytest.raises(StoreError, match="cannot be locked"):
        in_parts(tmp_path)


def test_a_folder_may_hold_input_and_output(tmp_path: Path) -> None:
    write(table([*SIZES]), tmp_path / "in.parquet")
    parts = tmp_path / "out.parquet.parts"
    parts.mkdir()
    write(table([*SIZES]), parts / "0.parquet")
    assert score(tmp_path, tmp_path / "out.parquet", predictor()).rows == len(SIZES)


def test_prediction_ids_are_uuids_that_stay(tmp_path: Path) -> None:
    write(table([*MIXED]), tmp_path / "in.parquet")
    ids = in_parts(tmp_path)[0]["prediction_id"].to_pylist()
    assert len(set(ids)) == len(ids) and ids == sorted(ids)
    assert all(str(UUID(one)) == one and UUID(one).version == 8 for one in ids)
    assert in_parts(tmp_path)[0]["prediction_id"].to_pylist() == ids
    assert not set(ids) & set(in_parts(tmp_path, version="8")[0]["prediction_id"].to_pylist())
