"""MLflow in a process of its own, so that its seconds of imports run beside those of training.

A thread would not do: imports hold the interpreter's lock, and fits crawl meanwhile. The two
processes talk in pickles over a pipe; the worker ends when its parent's end closes.
"""

import atexit
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, BinaryIO, Concatenate, ParamSpec, Protocol, TypeVar

from ..errors import ProjectError, RegistryError


class Opened(Protocol):
    """Something that can be opened again, from a few values, in another process."""

    inline: bool

    @property
    def address(self) -> tuple[Any, ...]: ...


P = ParamSpec("P")
R = TypeVar("R")
Self = TypeVar("Self", bound=Opened)


def beside(method: Callable[Concatenate[Self, P], R]) -> Callable[Concatenate[Self, P], R]:
    """Run a method in the worker, unless MLflow is at home in this process already.

    Either way its errors are RegistryErrors, or others of the project.
    """

    @wraps(method)
    def call(self: Self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if self.inline or "mlflow" in sys.modules:
            return _explained(method, self, *args, **kwargs)
        result: R = _worker().call(type(self), self.address, method.__name__, args, kwargs)
        return result

    return call


def _explained(method: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return method(*args, **kwargs)
    except ProjectError:
        raise
    except Exception as error:
        raise RegistryError(_told(error)) from error


class Worker:
    """The parent's end: one call at a time, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
        )

    def call(self, *request: object) -> Any:
        """The method's result, or its error raised here."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._lock:
            try:
                pickle.dump(request, self._process.stdin)
                self._process.stdin.flush()
                passed, result = pickle.load(self._process.stdout)
            except (OSError, EOFError) as error:
                _worker.cache_clear()
                raise RegistryError("the process that runs MLflow has died: try again") from error
        if not passed:
            raise result
        return result

    def close(self) -> None:
        """End the process; it finishes what it is at."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@cache
def _worker() -> Worker:
    worker = Worker()
    atexit.register(worker.close)
    return worker


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """The worker's end: answer until the parent closes its end."""
    opened = cache(lambda kind, address: kind(*address, inline=True))
    while True:
        try:
            kind, address, name, args, kwargs = pickle.load(requests)
        except EOFError:
            return
        try:
            answer = True, getattr(opened(kind, address), name)(*args, **kwargs)
        except ProjectError as error:
            answer = False, error
        pickle.dump(answer, answers)
        answers.flush()


def _told(error: Exception) -> str:
    """MLflow's error in one line, with what to do where a server did not know who asks."""
    told = f"MLflow: {type(error).__name__}: {' '.join(str(error).split())}"
    if any(f"error code {code}" in told for code in (401, 403)):
        told += "; MLFLOW_TRACKING_USERNAME and _PASSWORD, or _TOKEN, say who asks"
    return told


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever prints must not print into the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)
    # All is written: taking MLflow down module by module would keep the parent waiting.
    os._exit(0)
