"""Clusters of Dask, and the memory of their processes."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distributed import LocalCluster


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """The address of a scheduler with so many workers."""
    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    ) as started:
        yield started.scheduler_address.replace("tcp://", "dask://")


def peak_megabytes() -> float:
    """Of this process; `getrusage` would count the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
