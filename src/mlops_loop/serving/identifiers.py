"""Identifiers that sort by time (UUID version 7), so that stores append rather than scatter."""

import os
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}


def new_ids(moment: datetime, number: int) -> list[str]:
    """So many UUIDv7 made at `moment`."""
    milliseconds = (moment - _EPOCH) // _MILLISECOND & 0xFFFF_FFFF_FFFF
    time = f"{milliseconds:012x}"
    prefix = f"{time[:8]}-{time[8:]}-7"
    # At once, because each call lets go of Python's lock. An id takes 19 of 20 digits.
    random = os.urandom(10 * number).hex()
    return [
        f"{prefix}{random[at : at + 3]}-{_VARIANT[random[at + 3]]}{random[at + 4 : at + 7]}"
        f"-{random[at + 7 : at + 19]}"
        for at in range(0, len(random), 20)
    ]


def fraction(key: str, salt: str) -> float:
    """A number in [0, 1) that is the same whenever key and salt are."""
    digest = blake2b(f"{salt}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
