"""Stores of the loop's state and its lease: beside the predictions, chosen by the log's address."""

from pathlib import Path

from ...errors import NotKeptError
from ...prediction_log import NONE, packages_of, store_of
from .._leased_state import LeasedStateStore, StateBackend
from .._state import StateStore

LOOP_IS_OFF = (
    "the loop judges logged predictions, and none are kept (prediction_log: none): run `train` on "
    "new data of your own, and `promote` or `rollback`"
)


def open_state(address: str, *, root: Path, target_digest: str = "") -> StateStore:
    """The state of the loop that goes with the prediction log at an address.

    Nothing is connected to before the state is loaded, saved or leased.

    Args:
        address: address of the prediction log.
        root: the project's folder, where relative paths start.
        target_digest: digest of the target; the state of another target is ignored.

    Raises:
        NotKeptError: if `prediction_log` is `none`.
        SettingsError: for an address without a store, or whose package is not installed.
    """
    return LeasedStateStore(_backend(address, root), target_digest)


def _backend(address: str, root: Path) -> StateBackend:
    # Each store needs packages of its own, which are imported when an address names it.
    store = store_of(address)
    if store == NONE:
        raise NotKeptError(LOOP_IS_OFF)
    with packages_of(store):
        if store == "redis":
            from .redis import RedisStateBackend

            return RedisStateBackend(address, root)
        from ...prediction_log._sql.store import database_at
        from .sql import SqlStateBackend

        return SqlStateBackend(database_at(address, root))
