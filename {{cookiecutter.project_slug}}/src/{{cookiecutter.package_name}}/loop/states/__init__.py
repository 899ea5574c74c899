"""Where the loop's state is kept: beside the predictions, one file a store, found by address."""

from importlib import import_module
from pathlib import Path

from ...errors import SettingsError
from ..state import StateStore


def open_state(address: str, *, root: Path) -> StateStore:
    """The state of the loop that goes with the prediction log at an address.

    SettingsError for an address without a store here. Nothing is connected to before it is asked.
    """
    scheme = address.partition("://")[0]
    try:
        module = import_module(f".{scheme}", __package__)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"prediction_log: the loop's state has no store for {scheme!r}: {error}"
        ) from error
    store: StateStore = module.open_state(address, root)
    return store
