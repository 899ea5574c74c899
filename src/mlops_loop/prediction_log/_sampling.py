"""The key by which every store draws the same uniform sample, whatever the window.

A prediction's sampling key is a hash of its id: 63 random bits, the same on every machine and
on every attempt to append it. The sample of a window is its rows with the smallest keys.

To find them without reading the window, rows are filed by stratum, the number of leading zeros
of the key: half of all rows are in stratum 0, a quarter in stratum 1, and so on. An index on
(stratum, event time) then gives any window, exact to the microsecond, rarest stratum first.
Each stratum holds about as many rows as all rarer ones together, so that a query ends after
reading about twice the requested rows: the cost does not depend on the size of the log.
"""

from hashlib import blake2b

KEY_BITS = 63
STRATA = 40


def sampling_key(prediction_id: str) -> int:
    """63 uniformly distributed bits (they fit a signed integer of any store)."""
    digest = blake2b(prediction_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def stratum(key: int) -> int:
    """The number of leading zeros of a key, at most STRATA - 1: larger is rarer."""
    return min(KEY_BITS - key.bit_length(), STRATA - 1)
