"""How the Redis log is read: each query is ranges of sorted sets whose cost is known.

Times are microseconds (see _timestamps.py), windows half-open. Nothing here changes the log.
"""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import Any

import redis

from ._records import Counts, LoggedRow
from ._redis_keys import Keys, bounds, id_of, unpacked_label, unpacked_value
from ._sampling import STRATA, sampling_key
from ._serialization import from_stored
from ._versions import EVERYTHING, GroupFilter

_PAGE = 1_000
# Every key of a stratum is smaller than those of the next, more common one.
_RAREST_FIRST = tuple(reversed(range(STRATA)))


def get(client: redis.Redis, keys: Keys, prediction_id: bytes) -> LoggedRow | None:
    return _rows_of(client, keys, [prediction_id])[0]


def groups(client: redis.Redis, keys: Keys, wanted: GroupFilter = EVERYTHING) -> list[str]:
    """The groups of the log that are wanted."""
    known: Any = client.smembers(keys.groups)
    return wanted.select(group.decode() for group in known)


def count(client: redis.Redis, keys: Keys, among: Sequence[str], start: int, stop: int) -> Counts:
    """The size of each stratum's range, which Redis knows without reading it."""
    # Labels first: they are never ahead.
    names = [name for labelled in (True, False) for name in _all(keys, among, labelled)]
    sizes = _sizes(client, names, start, stop)
    half = len(sizes) // 2
    return Counts(predictions=sum(sizes[half:]), labels=sum(sizes[:half]))


def sample(
    client: redis.Redis,
    keys: Keys,
    among: Sequence[str],
    start: int,
    stop: int,
    limit: int,
    *,
    labelled: bool,
) -> list[LoggedRow]:
    """The rows of a window with the smallest sampling keys, in the order of these."""
    while True:
        found = _rarest(client, keys, among, start, stop, limit, labelled=labelled)
        ids = sorted(map(id_of, found), key=lambda name: sampling_key(name.decode()))
        rows = _rows_of(client, keys, ids[: max(limit, 0)])
        whole = [row for row in rows if row is not None]
        # One that was erased meanwhile would be missing.
        if len(whole) == len(rows):
            return whole


def rows(
    client: redis.Redis, keys: Keys, among: Sequence[str], start: int, stop: int, *, labelled: bool
) -> Iterator[LoggedRow]:
    """All rows of a window in the order of event time: the strata, merged page by page."""
    names = _all(keys, among, labelled)
    sizes = _sizes(client, names, start, stop)
    held = [name for name, size in zip(names, sizes, strict=True) if size]
    members = merge(*(_members(client, name, start, stop) for name in held))
    while page := [id_of(member) for member in islice(members, _PAGE)]:
        yield from (row for row in _rows_of(client, keys, page) if row is not None)


def _rarest(
    client: redis.Redis,
    keys: Keys,
    among: Sequence[str],
    start: int,
    stop: int,
    limit: int,
    *,
    labelled: bool,
) -> list[bytes]:
    """The members of the rarest strata that together have as many rows as are asked for."""
    names = _all(keys, among, labelled)
    sizes = _sizes(client, names, start, stop)
    gathered = 0
    with client.pipeline(transaction=False) as together:
        # A stratum is in one set for each group.
        for at in range(0, len(names), len(among) or 1):
            if gathered >= limit:
                break
            for name in names[at : at + len(among)]:
                together.zrangebylex(name, *bounds(start, stop))
            gathered += sum(sizes[at : at + len(among)])
        return [member for members in together.execute() for member in members]


def _all(keys: Keys, among: Sequence[str], labelled: bool) -> list[bytes]:
    """The sorted sets of these groups, the rarest stratum first."""
    return [
        keys.stratum(group, number, labelled=labelled)
        for number in _RAREST_FIRST
        for group in among
    ]


def _sizes(client: redis.Redis, names: Sequence[bytes], start: int, stop: int) -> list[int]:
    # No transaction, which a server without memory refuses.
    with client.pipeline(transaction=False) as together:
        for name in names:
            together.zlexcount(name, *bounds(start, stop))
        sizes: list[int] = together.execute()
    return sizes


def _members(client: redis.Redis, name: bytes, start: int, stop: int) -> Iterator[bytes]:
    """What a sorted set holds of a window, a page at a time."""
    after, last = bounds(start, stop)
    while True:
        page: Any = client.zrangebylex(name, after, last, start=0, num=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = b"(" + page[-1]


def _rows_of(client: redis.Redis, keys: Keys, ids: Sequence[bytes]) -> list[LoggedRow | None]:
    """The rows of these ids, at one moment; None for an id that there is not."""
    if not ids:
        return []
    wanted = [keys.prediction(name) for name in ids] + [keys.label(name) for name in ids]
    values: Any = client.mget(wanted)
    return [
        _row(name, value, label)
        for name, value, label in zip(ids, values[: len(ids)], values[len(ids) :], strict=True)
    ]


def _row(prediction_id: bytes, value: bytes | None, label: bytes | None) -> LoggedRow | None:
    if value is None:
        return None
    known = None if label is None else unpacked_label(prediction_id, label)
    return from_stored(unpacked_value(prediction_id, value), known)
