"""Engines: where batch work runs, in this process or on several, chosen by address.

The setting `engine`, and the option `--engine` of some commands: `local`, `dask://HOST:PORT`,
`dask://local?workers=N`, `spark://HOST:PORT` or `spark://local?workers=N`. Nothing of Dask or Spark
is imported unless its address is given.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

from ..errors import EngineError
from ._address import EngineAddress, parse_engine
from ._local import LocalEngine

__all__ = ["Engine", "open_engine"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class Engine(Protocol):
    """Workers that call a function with each of some items.

    Examples:
        >>> def count_on(engine: Engine) -> int:
        ...     return sum(engine.map(len, ["one", "three"]))
        >>> with open_engine("local") as engine:
        ...     count_on(engine), engine.workers
        (8, 1)
    """

    @property
    def workers(self) -> int:
        """Number of calls that run at the same time."""
        ...

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result]:
        """Call a function with each item, and yield the results in the order of the items.

        A call whose worker dies is made again, so the function has to be idempotent. It is sent to
        each worker once and kept there, with what it caches in its attributes. It, the items and
        the results are pickled; results should be small.

        Args:
            function: a function of a module, or an object of a class with `__call__`.
            items: arguments; all of them are known before the first call.

        Raises:
            EngineError: if the engine stops.
            Exception: what the function raised on a worker.
        """
        ...


def open_engine(address: str) -> AbstractContextManager[Engine]:
    """Context manager: the engine at an address.

    Processes on this machine (`…://local`) are started, and end with the block.

    Args:
        address: e.g. the setting `engine`.

    Raises:
        EngineError: if the address is invalid, the engine cannot be reached, or a package for it
            is not installed.

    Examples:
        >>> with open_engine("local") as engine:
        ...     list(engine.map(abs, [-1, 2]))
        [1, 2]
        >>> open_engine("slurm://head")
        Traceback (most recent call last):
        ...
        mlops_loop.errors.EngineError: invalid engine 'slurm://head': expected local, ...
    """
    try:
        return _open(parse_engine(address))
    except ValueError as error:
        raise EngineError(str(error)) from error


def _open(address: EngineAddress) -> AbstractContextManager[Engine]:
    if address.kind == "local":
        return nullcontext(LocalEngine())
    try:
        if address.kind == "dask":
            from ._dask import open_dask

            return open_dask(address)
        from ._spark import open_spark

        return open_spark(address)
    except ImportError as error:
        raise EngineError(
            f"{address.kind}:// needs a package that is not installed: run `make add "
            f"PACKAGE={address.kind}`"
        ) from error
