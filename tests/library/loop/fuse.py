"""A process that dies between two writes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Crash(BaseException):
    """The process ends here."""


@dataclass
class Fuse:
    """Counts the moments before and after each write; at one of them the process dies."""

    at: int | None = None
    die: Callable[[], None] = lambda: None
    passed: int = 0

    def __call__(self) -> None:
        self.passed += 1
        if self.at is not None and self.passed >= self.at:  # the dead write nothing more
            self.die()
            raise Crash


class Fused:
    """A collaborator whose writes go past a fuse."""

    def __init__(self, inner: Any, fuse: Fuse, *writes: str) -> None:
        self._inner, self._fuse, self._writes = inner, fuse, writes

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._writes:
            return found

        def write(*args: Any, **kwargs: Any) -> Any:
            self._fuse()
            result = found(*args, **kwargs)
            self._fuse()
            return result

        return write
