"""The engine that is none: everything runs in this process, one item after the other."""

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class LocalEngine:
    workers = 1

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result]:
        yield from map(function, items)
