"""Several processes that do the same work, kept up by one that does none."""

import signal
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess

import structlog

# A worker that cannot start should not be started a thousand times a second.
_PAUSE = 1.0
# Longer than a server takes to finish the requests at hand.
_TIMEOUT_SECONDS = 40.0


def supervise(work: Callable[[], None], *, workers: int, ended: Callable[[int], None]) -> None:
    """Keep so many processes at work until SIGTERM or SIGINT, then let each finish.

    Args:
        work: has to be picklable, and has to return on SIGTERM.
        ended: called with the id of a process that ended and was replaced.
    """
    logger: structlog.stdlib.BoundLogger = structlog.get_logger()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    processes: list[SpawnProcess] = []
    try:
        processes += (_started(work) for _ in range(workers))
        while wait([process.sentinel for process in processes]):
            time.sleep(_PAUSE)
            for place, process in enumerate(processes):
                if not process.is_alive():
                    logger.error("a worker ended", exit_code=process.exitcode)
                    ended(process.pid or 0)
                    processes[place] = _started(work)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        _end(processes)


def _started(work: Callable[[], None]) -> SpawnProcess:
    process = get_context("spawn").Process(target=work, daemon=True)
    process.start()
    return process


def _end(processes: list[SpawnProcess]) -> None:
    for process in processes:
        process.terminate()
    until = time.monotonic() + _TIMEOUT_SECONDS
    for process in processes:
        process.join(max(0.0, until - time.monotonic()))
        process.kill()
