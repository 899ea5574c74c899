"""Engines whose processes are killed: that costs time and nothing else, and memory is bounded."""

import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from distributed import Client

from mlops_loop._scoring import Scored, score
from mlops_loop.data._sources import columnar
from mlops_loop.engines import _dask
from mlops_loop.errors import EngineError, EngineUnavailableError

from ..scoring.inputs import predictor
from .clusters import cluster, peak_megabytes

pytestmark = pytest.mark.real
GROUP = 20_000
PARTITIONS = 12


def write_rows(path: Path, rows: int) -> None:
    """Rows of which some are rejected and some have a warning."""
    numbers = np.arange(rows)
    columns = {
        "key": pa.array(numbers).cast(pa.string()),
        "at": pa.repeat("2026-01-01T00:00:00", rows),
        "size": np.where(numbers % 1000 == 0, -1.0, numbers % 100 / 100),
        "level": (numbers % 4000 == 1) * 6.0,
    }
    pyarrow.parquet.write_table(pa.table(columns), path, row_group_size=GROUP)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(columnar, "PARTITION_ROWS", GROUP)
    write_rows(tmp_path / "in.parquet", PARTITIONS * GROUP)
    return tmp_path / "in.parquet"


def require_same(scored: Scored, source: Path) -> None:
    """Compare an output with that of one process."""
    here = score(source, source.with_name("here.parquet"), predictor())
    read = pyarrow.parquet.read_table
    assert scored.quarantine_path is not None and here.quarantine_path is not None
    assert read(scored.output).equals(read(here.output))
    assert read(scored.quarantine_path).equals(read(here.quarantine_path))
    assert (scored.rows, scored.warnings) == (here.rows, here.warnings)


def once(action: Callable[[], None]) -> Callable[[int], None]:
    """A progress function that acts at its first call."""
    called: list[int] = []

    def progress(rows: int) -> None:
        called.append(rows)
        if len(called) == 1:
            action()

    return progress


@contextmanager
def started(*words: str, library: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """A process of Dask's command line, with or without this library."""
    # Without `site`, packages are found on a path, but not the sources that a .pth file names.
    env = os.environ if library else {**os.environ, "PYTHONPATH": sysconfig.get_path("purelib")}
    process = subprocess.Popen(
        [sys.executable, *([] if library else ["-S"]), "-m", *words],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def scheduler_at(
    port: int, *options: str, library: bool = True
) -> Iterator[subprocess.Popen[bytes]]:
    """A scheduler with one worker, which has these options."""
    here = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    worker = ("distributed.cli.dask_worker", f"tcp://127.0.0.1:{port}", "--no-dashboard", *options)
    with started("distributed.cli.dask_scheduler", *here, library=library) as scheduler:
        with started(*worker, library=library):
            with Client(f"tcp://127.0.0.1:{port}", timeout="60s") as client:
                client.wait_for_workers(1, timeout=60)
            yield scheduler


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def test_a_worker_that_is_killed_costs_time_only(source: Path, tmp_path: Path) -> None:
    with cluster(2) as address, Client(address.replace("dask", "tcp", 1)) as client:
        victim = next(iter(client.run(os.getpid).values()))
        scored = score(
            source,
            tmp_path / "out.parquet",
            predictor(),
            engine=address,
            progress=once(lambda: os.kill(victim, signal.SIGKILL)),
        )
        assert victim not in client.run(os.getpid).values()
    require_same(scored, source)


PROGRAM = """
import os, signal, sys
from pathlib import Path
from mlops_loop._scoring import score
from mlops_loop.data._sources import columnar
from tests.library.engines.test_engine_faults import GROUP
from tests.library.scoring.inputs import predictor

columnar.PARTITION_ROWS = GROUP
folder, engine = Path(sys.argv[1]), sys.argv[2]

def die(rows):
    if rows > 2 * GROUP:
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    score(folder / "in.parquet", folder / "out.parquet", predictor(), engine=engine, progress=die)
"""


@pytest.mark.parametrize("kind", ["running cluster", "own processes"])
def test_a_driver_that_is_killed_continues_after_the_finished_partitions(
    source: Path, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    with cluster(2) as running:
        engine = running if "running" in kind else "dask://local?workers=2"
        command = [sys.executable, str(tmp_path / "program.py"), str(tmp_path), engine]
        assert subprocess.run(command, timeout=300).returncode == -signal.SIGKILL
        parts = tmp_path.glob("out.parquet.parts/job-*/*/numbers.json")
        finished = [path for path in parts if path.parent.name.isdigit()]
        times = {path: path.stat().st_mtime_ns for path in finished}
        assert len(times) >= 3

        def unchanged(rows: int) -> None:
            assert {path: path.stat().st_mtime_ns for path in times} == times

        scored = score(
            source, tmp_path / "out.parquet", predictor(), engine=engine, progress=unchanged
        )
    assert scored.resumed >= 3 * GROUP
    require_same(scored, source)
    assert not [*tmp_path.glob("*.parts")]


def test_a_scheduler_that_dies_is_named_and_a_new_one_continues(
    source: Path, tmp_path: Path
) -> None:
    port = free_port()
    address = f"dask://127.0.0.1:{port}"
    arguments = source, tmp_path / "out.parquet", predictor()
    with scheduler_at(port) as scheduler:
        with pytest.raises(EngineError, match=f"^the connection to the engine {address} is lost"):
            score(*arguments, engine=address, progress=once(scheduler.kill))
    assert not (tmp_path / "out.parquet").exists()
    with scheduler_at(port):
        scored = score(*arguments, engine=address)
    assert scored.resumed >= GROUP
    require_same(scored, source)


def test_machines_without_the_library_are_named(source: Path, tmp_path: Path) -> None:
    port = free_port()
    with scheduler_at(port, library=False):
        with pytest.raises(EngineError, match="^a worker cannot import mlops_loop: install"):
            score(source, tmp_path / "out.parquet", predictor(), engine=f"dask://127.0.0.1:{port}")


def test_the_last_worker_that_dies_ends_the_command(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_dask, "_WITHOUT_WORKERS_SECONDS", 3)
    port = free_port()
    address = f"dask://127.0.0.1:{port}"
    with scheduler_at(port, "--no-nanny"), Client(address.replace("dask", "tcp", 1)) as client:
        (worker,) = client.run(os.getpid).values()
        with pytest.raises(EngineUnavailableError, match=f"^the engine {address} has no workers"):
            score(
                source,
                tmp_path / "out.parquet",
                predictor(),
                engine=address,
                progress=once(lambda: os.kill(worker, signal.SIGKILL)),
            )


@contextmanager
def master_at(port: int) -> Iterator[Callable[[], AbstractContextManager[object]]]:
    """A master of Spark; what starts a worker of it."""
    spec = find_spec("pyspark")
    assert spec is not None and spec.origin is not None
    home = Path(spec.origin).parent
    deploy = "org.apache.spark.deploy"

    @contextmanager
    def spark(*words: str) -> Iterator[None]:
        process = subprocess.Popen(
            [home / "bin" / "spark-class", *words],
            env={**os.environ, "SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=home.parent,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)

    here = ("--host", "127.0.0.1")
    with TemporaryDirectory() as folder:
        with spark(f"{deploy}.master.Master", *here, "--port", str(port), "--webui-port", "0"):
            until = time.monotonic() + 60
            while time.monotonic() < until:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.2)
            words = ("--webui-port", "0", "--work-dir", folder, f"spark://127.0.0.1:{port}")
            yield lambda: spark(f"{deploy}.worker.Worker", *here, *words)


def test_a_cluster_of_spark_scores_as_one_process(
    source: Path, tmp_path: Path, spark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    address = f"spark://127.0.0.1:{port}"
    with master_at(port) as start_worker:
        with monkeypatch.context() as patch:
            patch.setattr("mlops_loop.engines._spark._WITHOUT_WORKERS_SECONDS", 5)
            with pytest.raises(EngineUnavailableError, match=f"^the engine {address} has no work"):
                score(source, tmp_path / "out.parquet", predictor(), engine=address)
        with start_worker():
            scored = score(source, tmp_path / "out.parquet", predictor(), engine=address)
    require_same(scored, source)


def test_spark_scores_as_one_process(source: Path, tmp_path: Path, spark: str) -> None:
    require_same(score(source, tmp_path / "out.parquet", predictor(), engine=spark), source)


def test_the_memory_of_workers_does_not_grow_with_the_input(tmp_path: Path) -> None:
    peaks = []
    with cluster(2) as address, Client(address.replace("dask", "tcp", 1)) as client:
        for rows in (1 << 20, 1 << 22):
            source = tmp_path / f"{rows}.parquet"
            write_rows(source, rows)
            began = time.monotonic()
            scored = score(source, tmp_path / "out.parquet", predictor(), engine=address)
            assert scored.rows == rows
            peaks.append(max(client.run(peak_megabytes).values()))
            print(f"{rows} rows in {time.monotonic() - began:.1f} s, {peaks[-1]:.0f} MB a worker")
    assert peaks[1] < 600 and peaks[1] - peaks[0] < 100
