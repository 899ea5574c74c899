"""Dask: a scheduler that runs somewhere, or processes on this machine for the time of the work."""

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TypeVar

import dask.config
from distributed import Client, KilledWorker, LocalCluster
from distributed.protocol.pickle import dumps

from ..errors import EngineError
from ._address import EngineAddress
from ._sent import Outcome, SentFunction, result

Item = TypeVar("Item")
Result = TypeVar("Result")
_SECONDS = "30s"


class DaskEngine:
    """Workers of Dask.

    Attributes:
        client: of the scheduler.
    """

    def __init__(self, client: Client, address: EngineAddress) -> None:
        self.client = client
        self._address = address

    @property
    def workers(self) -> int:
        return sum(self.client.ncores().values())

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result]:
        client, listed = self.client, list(items)
        # A task, and not scattered data, which are lost with the worker that holds them.
        sent = client.submit(SentFunction, dumps(function), pure=False)
        coming = deque(client.map(_call, [sent] * len(listed), listed, pure=False))
        try:
            while coming:
                with _engine_errors(self._address):
                    outcome = coming.popleft().result()
                yield result(outcome)
        finally:
            client.cancel([sent, *coming], force=True)


def _call(sent: SentFunction, item: object) -> Outcome:
    return sent.call(item)


@contextmanager
def open_dask(address: EngineAddress) -> Iterator[DaskEngine]:
    """Connect to a scheduler, or start processes.

    Raises:
        EngineError: if the scheduler cannot be reached, or has no workers.
    """
    # The function is sent with a model in it, which is no mistake.
    settings = {"distributed.admin.large-graph-warning-threshold": "1GB"}
    with dask.config.set(settings), dask_client(address) as client:
        engine = DaskEngine(client, address)
        if not engine.workers:
            raise EngineError(
                f"the engine {address} has no workers: start some, e.g. with `dask worker "
                f"{address.host}:{address.port}`"
            )
        yield engine


@contextmanager
def dask_client(address: EngineAddress) -> Iterator[Client]:
    """A client of a running scheduler, or of processes that end with the block.

    Raises:
        EngineError: if the scheduler cannot be reached.
    """
    if address.host:
        with _connected(address) as client:
            yield client
        return
    with (
        LocalCluster(
            n_workers=address.workers,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def _connected(address: EngineAddress) -> Client:
    address.require_reachable()
    scheduler = f"tcp://{address.host}:{address.port}"
    try:
        return Client(scheduler, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise EngineError(f"{address} is not a scheduler of Dask: {error}") from error


@contextmanager
def _engine_errors(address: EngineAddress) -> Iterator[None]:
    try:
        yield
    except KilledWorker as error:
        raise EngineError(
            f"workers of {address} died again and again at the same part: give them more memory, "
            "and see their logs; the same command continues after the finished parts"
        ) from error
    except (CancelledError, OSError) as error:
        raise EngineError(
            f"the connection to the engine {address} is lost: the same command continues after "
            "the finished parts once its scheduler runs again"
        ) from error
