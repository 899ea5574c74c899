"""Which versions answered a row, as every store files it: one text for one set of versions.

A row belongs to exactly one such group, so that a store tells versions apart by what it keeps for a
row anyway, and counts them with the counters it has. To ask about a version is to ask about the
few groups that hold it.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from .records import Output

_names = msgspec.json.Decoder(list[str])


class Answered(NamedTuple):
    """A stretch of time, and the groups of versions to look for in it; None means all."""

    start: int
    stop: int
    groups: Sequence[str] | None


def group_of(outputs: Sequence[Output]) -> str:
    """The versions behind these outputs: JSON strings in order, with commas and no brackets."""
    return _group(tuple([output.version for output in outputs]))


def groups_with(version: str, groups: Iterable[str]) -> list[str]:
    """Those of the groups that hold a version."""
    return sorted(group for group in groups if version in _versions(group))


@lru_cache(maxsize=256)
def _group(versions: tuple[str, ...]) -> str:
    return ",".join(sorted({msgspec.json.encode(version).decode() for version in versions}))


@lru_cache(maxsize=4_096)
def _versions(group: str) -> list[str]:
    return _names.decode(f"[{group}]")
