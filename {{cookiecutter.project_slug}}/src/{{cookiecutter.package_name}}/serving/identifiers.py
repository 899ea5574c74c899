"""Identifiers that sort by time (UUID version 7), so that stores append rather than scatter."""

import os
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def new_id(moment: datetime) -> str:
    """A UUIDv7 made at `moment`."""
    random = int.from_bytes(os.urandom(10), "big")
    milliseconds = (moment - _EPOCH) // _MILLISECOND
    high = (milliseconds & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | (random >> 68)
    low = 1 << 63 | (random & 0x3FFF_FFFF_FFFF_FFFF)
    text = f"{high:016x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def fraction(key: str, salt: str) -> float:
    """A number in [0, 1) that is the same whenever key and salt are."""
    digest = blake2b(f"{salt}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
