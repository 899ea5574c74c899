"""Predictions of a Redis log that no group holds yet are filed by the versions that answered them.

They were appended by a project that knew layout 1, before this one opened the log or beside it.
"""

from collections.abc import Iterator
from typing import Any

import redis

from .redis_keys import Keys, grouped_value, id_of, unpacked_value
from .redis_scripts import FILE
from .sampling import STRATA
from .serialization import from_stored
from .versions import group_of

_PAGE = 500


def file_by_version(client: redis.Redis, keys: Keys) -> None:
    """Move what is in no group. Others may append, label, delete or do the same meanwhile."""
    for name in _old_sets(client, keys):
        while members := list[bytes](client.zrange(name, 0, _PAGE - 1)):  # type: ignore[arg-type]
            values: Any = client.mget([keys.prediction(id_of(member)) for member in members])
            arguments: list[bytes] = []
            for member, value in zip(members, values, strict=True):
                record = (
                    value and from_stored(unpacked_value(id_of(member), value), None).record
                )
                group = group_of(record) if record else ""
                new = grouped_value(value, group) if record else b""
                arguments += member, value or b"", new, group.encode()
            client.eval(FILE, 1, keys.prefix, *arguments)


def _old_sets(client: redis.Redis, keys: Keys) -> Iterator[bytes]:
    names = [
        keys.stratum(None, number, labelled=labelled)
        for labelled in (False, True)
        for number in range(STRATA)
    ]
    with client.pipeline(transaction=False) as together:
        for name in names:
            together.exists(name)
        there = together.execute()
    return (name for name, known in zip(names, there, strict=True) if known)
