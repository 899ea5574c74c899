"""Groups of rows by the versions that predicted them and by schema; a group's name is one text.

A row belongs to exactly one group, by which stores index and count it. A query for a version is a
query for the few groups that contain it.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from ._records import Record

_names = msgspec.json.Decoder(list[str])
_SEPARATOR = ";"


class Answered(NamedTuple):
    """A window, and the groups to look for in it; None means all."""

    start: int
    stop: int
    groups: Sequence[str] | None


class GroupFilter(NamedTuple):
    """Conditions of a query on rows; None leaves a condition out.

    Attributes:
        version: the version that predicted them.
        schema_digest: schema digest of their contract.
    """

    version: str | None = None
    schema_digest: str | None = None

    @property
    def selects_all(self) -> bool:
        return self.version is None and self.schema_digest is None

    def select(self, groups: Iterable[str]) -> list[str]:
        """Those of the groups whose rows meet the conditions."""
        return sorted(filter(self._selects, groups))

    def _selects(self, group: str) -> bool:
        versions, schema_digest = _parsed(group)
        return (self.version is None or self.version in versions) and (
            self.schema_digest is None or self.schema_digest == schema_digest
        )


EVERYTHING = GroupFilter()


def group_of(record: Record) -> str:
    """The versions of a record as JSON strings in order, then its schema if it has one."""
    return _group(tuple([output.version for output in record.outputs]), record.schema_digest)


@lru_cache(maxsize=256)
def _group(versions: tuple[str, ...], schema_digest: str) -> str:
    names = ",".join(sorted({msgspec.json.encode(version).decode() for version in versions}))
    return f"{names}{_SEPARATOR}{schema_digest}" if schema_digest else names


@lru_cache(maxsize=4_096)
def _parsed(group: str) -> tuple[list[str], str]:
    # A version may hold the separator, but its JSON ends with a quotation mark.
    if not group or group.endswith('"'):
        return _names.decode(f"[{group}]"), ""
    names, _, schema_digest = group.rpartition(_SEPARATOR)
    return _names.decode(f"[{names}]"), schema_digest
