"""Dask: a scheduler that runs somewhere, or processes on this machine for the time of the work."""

import logging
import operator
import os
import pickle
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TypeVar

import dask.config
from distributed import Client, Future, KilledWorker, LocalCluster
from distributed.protocol.pickle import dumps

from ..errors import EngineError, EngineUnavailableError
from ._address import EngineAddress
from ._sent import Outcome, SentFunction, missing_package, result

Item = TypeVar("Item")
Result = TypeVar("Result")
_SECONDS = "30s"
# Supervisors start workers again in less.
_WITHOUT_WORKERS_SECONDS = 60.0
_POLL_SECONDS = 5


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
        client, pickled = self.client, [dumps(item) for item in items]
        content = dumps(SentFunction.pack(function, dumps))
        # A task, and not scattered data, which are lost with the worker that holds them. Nothing in
        # it is of this library: a scheduler, or a worker, that lacks it could not even say so.
        sent = client.submit(pickle.loads, content, pure=False)
        coming = deque(client.map(operator.call, [sent] * len(pickled), pickled, pure=False))
        try:
            while coming:
                with _engine_errors(self._address):
                    outcome = self._wait(coming.popleft())
                yield result(outcome)
        finally:
            client.cancel([sent, *coming], force=True)

    def _wait(self, future: Future[Outcome]) -> Outcome:
        """The outcome of a call, unless there are no workers for a while."""
        until = time.monotonic() + _WITHOUT_WORKERS_SECONDS
        while True:
            try:
                outcome: Outcome = future.result(timeout=_POLL_SECONDS)
                return outcome
            except TimeoutError:
                now = time.monotonic()
                if self.workers:
                    until = now + _WITHOUT_WORKERS_SECONDS
                elif now > until:
                    raise _no_workers(self._address) from None


@contextmanager
def open_dask(address: EngineAddress) -> Iterator[DaskEngine]:
    """Connect to a scheduler, or start processes.

    Raises:
        EngineUnavailableError: if the scheduler cannot be reached, or has no workers.
    """
    # The function is sent with a model in it, which is no mistake.
    settings = {"distributed.admin.large-graph-warning-threshold": "1GB"}
    with dask.config.set(settings), dask_client(address) as client:
        engine = DaskEngine(client, address)
        if not engine.workers:
            raise _no_workers(address)
        yield engine


def _no_workers(address: EngineAddress) -> EngineUnavailableError:
    remedy = "its processes died: give them more memory, or start fewer"
    if address.host:
        start = f"`dask worker {address.host}:{address.port}`"
        remedy = f"start some, e.g. with {start}, and see the logs of those that ended"
    return EngineUnavailableError(f"the engine {address} has no workers: {remedy}")


@contextmanager
def dask_client(address: EngineAddress) -> Iterator[Client]:
    """A client of a running scheduler, or of processes that end with the block.

    Raises:
        EngineUnavailableError: if the scheduler cannot be reached.
    """
    if address.host:
        with _connected(address) as client:
            yield client
        return
    with (
        LocalCluster(
            n_workers=address.workers,
            threads_per_worker=1,
            security=True,  # or any user of the machine could run code as this one
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        # What libraries print there does not belong among the results of a command.
        client.run(os.dup2, 2, 1)
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
    except ImportError as error:
        raise missing_package(error) from error
    except KilledWorker as error:
        raise EngineUnavailableError(
            f"workers of {address} died again and again at the same part: give them more memory, "
            "and see their logs; the same command continues after the finished parts"
        ) from error
    except (CancelledError, OSError) as error:
        raise EngineUnavailableError(
            f"the connection to the engine {address} is lost: the same command continues after "
            "the finished parts once its scheduler runs again"
        ) from error
