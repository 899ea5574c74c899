"""Spark: the master of a cluster, or threads of a JVM on this machine for the time of the work.

Each item is a job of one task, so that results come in order while others are being computed.
"""

import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from pyspark import SparkConf, SparkContext, cloudpickle

from ..errors import EngineError, EngineUnavailableError
from ._address import EngineAddress
from ._sent import Outcome, SentFunction, result

Item = TypeVar("Item")
Result = TypeVar("Result")
# Jobs that Spark queues at the same time; each is a thread here.
_JOBS = 128
_ATTEMPTS = 4
_WITHOUT_WORKERS_SECONDS = 60.0


class SparkEngine:
    def __init__(self, context: SparkContext, address: EngineAddress) -> None:
        self._context = context
        self._address = address

    @property
    def workers(self) -> int:
        return int(self._context.defaultParallelism)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result]:
        sent = self._context.broadcast(SentFunction.pack(function, cloudpickle.dumps))

        def call(item: bytes) -> Outcome:
            outcome: Outcome = sent.value(item)
            return outcome

        def run(item: Item) -> Outcome:
            pickled = [cloudpickle.dumps(item)]
            with _engine_errors(self._address):
                outcomes: list[Outcome] = self._context.parallelize(pickled, 1).map(call).collect()
            return outcomes[0]

        pool = ThreadPoolExecutor(_JOBS, thread_name_prefix="spark-job")
        try:
            yield from map(result, pool.map(run, items))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            self._context.cancelAllJobs()
            pool.shutdown()
            sent.unpersist()


@contextmanager
def open_spark(address: EngineAddress) -> Iterator[SparkEngine]:
    """Connect to a master, or start a JVM on this machine.

    Raises:
        EngineError: if there is no Java, or the master is of another version.
        EngineUnavailableError: if the master cannot be reached, or has no free workers.
    """
    if address.host:
        address.require_reachable()
    # The interpreter of workers: of the same path as here, unless the environment says otherwise.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        context = SparkContext(conf=_configuration(address))
    except Exception as error:  # of the JVM, or on the way to it
        raise EngineError(
            f"Spark does not start at {address}: it needs Java 17 or later (JAVA_HOME), and a "
            f"master of the same version as pyspark; {_first_line(error)}"
        ) from error
    context.setLogLevel("OFF")
    try:
        if address.host:
            _require_workers(context, address)
        yield SparkEngine(context, address)
    finally:
        context.stop()


def _require_workers(context: SparkContext, address: EngineAddress) -> None:
    """Run a job of nothing: Spark itself would wait for ever."""
    with ThreadPoolExecutor(1, thread_name_prefix="spark-job") as pool:
        job = pool.submit(context.parallelize([0], 1).count)
        if wait([job], timeout=_WITHOUT_WORKERS_SECONDS).not_done:
            context.cancelAllJobs()
            raise EngineUnavailableError(
                f"the engine {address} has no workers with free cores: start some, or wait for the "
                "applications that hold them"
            )
        with _engine_errors(address):
            job.result()


def _configuration(address: EngineAddress) -> SparkConf:
    conf = SparkConf().setAppName("mlops-loop").set("spark.ui.showConsoleProgress", "false")
    if address.host:
        return conf.setMaster(str(address))
    workers = address.workers or "*"
    conf.setMaster(f"local[{workers},{_ATTEMPTS}]")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }.items():
        conf.set(key, value)
    return conf


@contextmanager
def _engine_errors(address: EngineAddress) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # what the function raises is a result
        raise EngineUnavailableError(
            f"the engine {address} stopped: the same command continues after the finished parts "
            f"once it runs again; {_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    """What the JVM says, without the stack trace."""
    cause = getattr(error, "java_exception", None)
    text = str(error) if cause is None else str(cause.getMessage())
    return text.strip().partition("\n")[0]
