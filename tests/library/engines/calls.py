"""Functions that workers call."""

import os
import signal
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock

from mlops_loop.errors import SourceError


def double(number: int) -> int:
    return 2 * number


def slow_for_small(number: int) -> int:
    time.sleep(0.2 if number == 0 else 0)
    return number


def odd(number: int) -> int:
    """Raises an exception of the library for an even number, and one of Python for zero."""
    if number == 0:
        raise ZeroDivisionError("zero")
    if number % 2 == 0:
        raise SourceError(f"{number} is even")
    return number


def process(number: int) -> int:
    return os.getpid()


@dataclass(frozen=True)
class Loaded:
    """Loads something once in each process."""

    @cached_property
    def token(self) -> object:
        return object()

    def __call__(self, number: int) -> tuple[int, int]:
        time.sleep(0.02)
        return os.getpid(), id(self.token)


@dataclass(frozen=True)
class DiesOnce:
    """Kills its process at the first call with zero."""

    folder: Path

    def __call__(self, number: int) -> int:
        mark = self.folder / "died"
        if number == 0 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return number


class Locked:
    """Holds what cannot be pickled, e.g. as a client does."""

    def __init__(self) -> None:
        self.lock = Lock()

    def __call__(self, number: int) -> int:
        return number
