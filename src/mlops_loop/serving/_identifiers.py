"""Identifiers that sort by time (UUID version 7), so that stores append rather than scatter."""

import os
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}


def new_ids(moment: datetime, number: int) -> list[str]:
    """`number` UUIDs of version 7 made at `moment`."""
    milliseconds = (moment - _EPOCH) // _MILLISECOND & 0xFFFF_FFFF_FFFF
    time = f"{milliseconds:012x}"
    prefix = f"{time[:8]}-{time[8:]}-7"
    # One call, because each releases the GIL. An id takes 19 of 20 digits.
    random = os.urandom(10 * number).hex()
    return [
        f"{prefix}{random[start : start + 3]}-{_VARIANT[random[start + 3]]}"
        f"{random[start + 4 : start + 7]}-{random[start + 7 : start + 19]}"
        for start in range(0, len(random), 20)
    ]
