"""Where the loop's state is kept: beside the predictions, one file a store, found by address."""

from importlib import import_module
from pathlib import Path

from ...prediction_log import store_of
from ..state import StateStore


def open_state(address: str, *, root: Path, target_digest: str = "") -> StateStore:
    """The state of the loop that goes with the prediction log at an address.

    With the digest of a target, a state about another one is left out: the loop begins anew.

    SettingsError for an address without a store here. Nothing is connected to before it is asked.
    """
    module = import_module(f".{store_of(address)}", __package__)
    store: StateStore = module.open_state(address, root, target_digest)
    return store
