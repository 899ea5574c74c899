"""Where the loop's state is kept: beside the predictions, one file a store, found by address."""

from importlib import import_module
from pathlib import Path

from ...prediction_log import store_of
from ..state import StateStore


def open_state(address: str, *, root: Path) -> StateStore:
    """The state of the loop that goes with the prediction log at an address.

    SettingsError for an address without a store here. Nothing is connected to before it is asked.
    """
    module = import_module(f".{store_of(address)}", __package__)
    store: StateStore = module.open_state(address, root)
    return store
