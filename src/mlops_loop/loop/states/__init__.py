"""Where the loop's state is kept: beside the predictions, one module a store, found by address."""

from pathlib import Path

from ...prediction_log import store_of
from ..state import StateStore


def open_state(address: str, *, root: Path, target_digest: str = "") -> StateStore:
    """The state of the loop that goes with the prediction log at an address.

    With the digest of a target, a state about another one is left out: the loop begins anew.

    SettingsError for an address without a store here. Nothing is connected to before it is asked.
    """
    # Each store needs a package of its own, and is imported when an address names it.
    match store_of(address):
        case "postgresql":
            from . import postgresql

            return postgresql.open_state(address, root, target_digest)
        case "redis":
            from . import redis

            return redis.open_state(address, root, target_digest)
        case _:
            from . import sqlite

            return sqlite.open_state(address, root, target_digest)
