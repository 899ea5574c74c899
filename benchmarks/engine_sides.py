"""What `engines.py` runs with the interpreter of a project, and from its folder: input and engines.

An engine scores a small folder twice: the first time is its start (processes, imports, the model in
each worker), the second what each job costs. The second is subtracted from the time of the input.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from batch_sides import input_rows, trees_bundle

SMALL, SMALL_FILES = 2_000, 8
GROUP_ROWS = 1 << 18
BATCH_ROWS = 32_768


def prepare(folder: Path, rows: int) -> None:
    """A bundle of histogram trees, the input, and a small folder with work for each worker."""
    import pyarrow as pa
    from my_ml_project.project import project

    from mlops_loop.data._snapshot import latest_snapshot

    table = latest_snapshot(project.paths.snapshots).table()
    trees_bundle(project, table, folder)
    (folder / "small").mkdir()
    for number in range(SMALL_FILES):
        input_rows(project.contract, table, folder / f"small/{number}.parquet", SMALL)
    input_rows(project.contract, table, folder / "whole.parquet", rows)
    with pa.parquet.ParquetFile(folder / "whole.parquet") as whole:
        with pa.parquet.ParquetWriter(folder / "input.parquet", whole.schema_arrow) as output:
            for batch in whole.iter_batches(GROUP_ROWS):
                output.write_batch(batch)
    (folder / "whole.parquet").unlink()


@contextmanager
def library_engine(address: str) -> Iterator[Callable[[Path, Path], None]]:
    """Scores as the command `score` does."""
    from my_ml_project.project import project

    from mlops_loop._champion import champion_predictor
    from mlops_loop._scoring import score

    predictor = champion_predictor(project)
    with _running(address) as engine:

        def run(source: Path, target: Path) -> None:
            score(source, target, predictor, project.contract, hooks=project.hooks, engine=engine)

        yield run


@contextmanager
def _running(address: str) -> Iterator[str]:
    """An address that leads to the same processes each time it is opened."""
    if not address.startswith("dask://local"):
        yield address
        return
    from distributed import LocalCluster

    workers = int(address.partition("=")[2])
    with LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster.scheduler_address.replace("tcp://", "dask://")


@contextmanager
def ray_data(workers: int) -> Iterator[Callable[[Path, Path], None]]:
    """Ray Data with the same check, model and output columns; it writes a folder of parts."""
    import ray
    from ray.data import ActorPoolStrategy

    # Reading takes a slot too: with none left beside the actors, nothing would ever be read.
    ray.init(num_cpus=2 * workers, include_dashboard=False, log_to_driver=False)

    def run(source: Path, target: Path) -> None:
        rows = ray.data.read_parquet(str(source))
        scored = rows.map_batches(
            Scorer,
            batch_format="pyarrow",
            batch_size=BATCH_ROWS,
            compute=ActorPoolStrategy(size=workers),
            zero_copy_batch=True,
        )
        scored.write_parquet(str(target))

    try:
        yield run
    finally:
        ray.shutdown()


class Scorer:
    """One batch, with what `score` does about it."""

    def __init__(self) -> None:
        from my_ml_project.project import project

        from mlops_loop._champion import champion_predictor
        from mlops_loop._scoring.tables import Tables

        self._tables = Tables(project.contract, champion_predictor(project), "job")

    def __call__(self, raw: Any) -> Any:
        import numpy as np

        from mlops_loop.contract._arrow import table_columns
        from mlops_loop.contract._casting import check_table
        from mlops_loop.contract._columns import take

        tables = self._tables
        checked = check_table(tables.contract, raw, table_columns(tables.contract, target=False))
        accepted = np.flatnonzero(checked.accepted)
        columns = take(checked.columns, accepted)
        return tables.answers(tables.block(checked, columns, accepted, 0))


def cpu_seconds() -> float:
    """Processor time of this process and those that it started, also of those that have ended."""
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return sum(sum(each[:4]) for each in times)


def measure(folder: Path, address: str) -> dict[str, float]:
    began = time.perf_counter()
    opened = (
        ray_data(int(address.partition("=")[2])) if "ray" in address else library_engine(address)
    )
    with opened as run:
        seconds, used = [], []
        for number, name in enumerate(("small", "small", "input.parquet")):
            run(folder / name, folder / f"scored-{number}.parquet")
            seconds.append(time.perf_counter() - began)
            began = time.perf_counter()
            used.append(cpu_seconds())
    job = seconds[1]
    work_cpu = used[2] - used[1] - (used[1] - used[0])
    return {"start": seconds[0] - job, "job": job, "work": seconds[2] - job, "cpu": work_cpu}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", help="`prepare`, or the address of an engine")
    parser.add_argument("folder", type=Path)
    parser.add_argument("rows", type=int, nargs="?")
    given = parser.parse_args()
    if given.side == "prepare":
        prepare(given.folder, given.rows)
    else:
        print(json.dumps(measure(given.folder, given.side)))


if __name__ == "__main__":
    main()
