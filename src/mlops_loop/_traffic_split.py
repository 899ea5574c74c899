"""The split of traffic between champion and challenger.

The service assigns keys by it when it predicts, and the loop when it compares the two versions.
"""

from hashlib import blake2b


def bucket(key: str, challenger: str) -> float:
    """The hash of a key in [0, 1); the challenger predicts the keys below its share.

    Args:
        key: the entity's key, or the prediction's id without one.
        challenger: version of the challenger, so that each trial has other keys.
    """
    digest = blake2b(f"{challenger}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
