"""Folders for intermediate files: each process has its own, and none outlives a kill for long."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from mlops_loop._atomic import make_folder
from mlops_loop._profiling import proposal
from mlops_loop._settings import Settings
from mlops_loop._settings_loading import load_settings
from mlops_loop._work_folder import work_folder
from mlops_loop.contract import Contract
from mlops_loop.data._ingestion import Ingested, ingest
from mlops_loop.data._snapshot import Origin, write_snapshot
from mlops_loop.engines._local import LocalEngine
from mlops_loop.models._stored_matrix import MatrixFolder

from .places import FLIGHTS
from .sizes_contract import CONTRACT

posix = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Rows:
    """A source of 40 rows that calls a function after 20; one of ten is rejected."""

    address = "rows"

    def __init__(self, name: str, function: Any = None) -> None:
        self.name = name
        self.function = function

    def tables(self, contract: Contract, **interval: object) -> Iterator[pa.Table]:
        for start in (0, 20):
            numbers = range(start, start + 20)
            yield pa.table(
                {
                    "key": [f"{self.name}{number}" for number in numbers],
                    "at": ["2026-01-01T00:00:00+00:00"] * 20,
                    "size": [number for number in numbers],
                    "colour": ["red" if number % 10 else "blue" for number in numbers],
                    "note": [self.name] * 20,
                    "y": ["1"] * 20,
                }
            )
            if self.function is not None and start == 0:
                self.function()


def settings_of(root: Path) -> Settings:
    settings = load_settings(FLIGHTS, ingestion={"max_bad_share": 0.5})
    return settings.model_copy(update={"root": root})


def ingest_rows(root: Path, function: Any) -> Ingested:
    return ingest(settings_of(root), CONTRACT, sources=[Rows("a", function)])


def encode_matrix(root: Path, function: Any) -> None:
    make_folder(root / "var" / "training")
    folder = MatrixFolder(root / "var" / "training")
    (folder.path / "000000.npy").touch()
    function()


def write_rows(root: Path, function: Any) -> None:
    def tables() -> Iterator[pa.Table]:
        yield pa.table({"x": [1]})
        function()

    write_snapshot(tables(), root / "var" / "snapshots", Origin("rows", "contract"))


def adopt_rows(root: Path, function: Any) -> None:
    settings = settings_of(root).model_copy(update={"engine": "dask://unused:1"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proposal, "open_engine", lambda address: nullcontext(LocalEngine()))
        with proposal._workspace(settings) as workspace:
            assert workspace is not None
            (workspace.folder / "part.arrow").touch()
            function()


def do_everything(root: Path, function: Any) -> None:
    """Call a function while there is a work folder of each kind."""

    def write() -> None:
        write_rows(root, lambda: encode_matrix(root, lambda: adopt_rows(root, function)))

    ingest_rows(root, write)


def killed(name: str, root: Path) -> None:
    """Run a function of this module in a process that is killed in the middle."""
    here = Path(__file__)
    program = (
        f"import sys, pathlib; sys.path.insert(0, {str(here.parents[1])!r}); "
        f"from library import {here.stem} as made; "
        f"made.{name}(pathlib.Path({str(root)!r}), made.die)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr


def folders(root: Path) -> set[str]:
    """Folders below `var/` that no result is in."""
    results = {"quarantine", "snapshots", "training"}
    return {path.name for path in root.rglob("var/**/") if path.name not in {"var", *results}}


@posix
def test_what_a_kill_leaves_is_deleted_by_the_next_process(tmp_path: Path) -> None:
    killed("do_everything", tmp_path)
    left = folders(tmp_path)
    kinds = (".draft-", ".ingest-", "adopt-", "matrix-")
    assert len(left) == len(kinds)
    assert all(name.startswith(kind) for name, kind in zip(sorted(left), kinds, strict=True))
    seen: list[set[str]] = []
    do_everything(tmp_path, lambda: seen.append(folders(tmp_path)))
    assert len(seen[0]) == len(kinds) and not seen[0] & left
    assert folders(tmp_path) == set()


@contextmanager
def running(parent: Path) -> Iterator[Path]:
    """The folder of another process."""
    program = (
        "import sys, pathlib; from mlops_loop._work_folder import work_folder\n"
        f"with work_folder(pathlib.Path({str(parent)!r}), 'rows-') as folder:\n"
        "    (folder / 'file').touch(); print(folder, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield Path(process.stdout.readline().strip())
        process.communicate()
    assert process.returncode == 0


def test_the_folder_of_a_running_process_is_left_as_it_is(tmp_path: Path) -> None:
    with running(tmp_path) as other, work_folder(tmp_path, "rows-") as folder:
        assert folder != other and (other / "file").exists()
        with work_folder(tmp_path, "rows-") as third:
            assert {*tmp_path.iterdir()} == {folder, other, third}
    assert not [*tmp_path.iterdir()]


def test_folders_that_cannot_be_locked_and_other_names_are_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "rows-1" / "lock").mkdir(parents=True)
    (tmp_path / "rows-2").mkdir()
    (tmp_path / "rows.d").mkdir()
    (tmp_path / "rows-file").touch()
    with work_folder(tmp_path, "rows-"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"rows-1", "rows.d", "rows-file"}


def test_folders_that_are_made_at_once_do_not_delete_each_other(tmp_path: Path) -> None:
    def make(number: int) -> None:
        for _ in range(20):
            with work_folder(tmp_path, "rows-") as folder:
                (folder / "file").write_text(str(number))
                assert (folder / "file").read_text() == str(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(8)))
    assert not [*tmp_path.iterdir()]


def test_an_error_deletes_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), work_folder(tmp_path / "new", "rows-") as folder:
        (folder / "deeper").mkdir()
        raise ZeroDivisionError
    assert not [*(tmp_path / "new").iterdir()]


def test_ingestions_with_one_process_number_keep_their_rows_apart(tmp_path: Path) -> None:
    """As in containers that share `var/`, where each first process has the number 1."""
    others: list[Ingested] = []

    def in_between() -> None:
        others.append(ingest(settings_of(tmp_path), CONTRACT, sources=[Rows("b")]))

    sources = [Rows("a"), Rows("c", in_between)]
    ingested = ingest(settings_of(tmp_path), CONTRACT, sources=sources)
    for names, made in (({"a", "c"}, ingested), ({"b"}, *others)):
        rows = made.snapshot.table()
        assert (made.rows, made.quarantined) == (36 * len(names), 4 * len(names))
        assert made.quarantine_path is not None
        rejected = pa.parquet.read_table(made.quarantine_path)
        assert set(rows["note"].to_pylist()) == set(rejected["note"].to_pylist()) == names
