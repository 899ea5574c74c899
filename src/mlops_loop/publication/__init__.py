"""Where published bundles lie, and the pointer that says which of them serve."""

from importlib import import_module
from pathlib import Path

from ..errors import SettingsError
from .pointer import NO_CHAMPION, BundleStore, Entry, Pointer

__all__ = ["NO_CHAMPION", "BundleStore", "Entry", "Pointer", "open_bundle_store"]


def open_bundle_store(address: str, root: Path) -> BundleStore:
    """The store at an address: a path is a folder, `scheme://…` the file of that name here.

    Raises:
        SettingsError: if nothing here knows the scheme.
    """
    scheme = address.partition("://")[0] if "://" in address else "folder"
    try:
        module = import_module(f".{scheme}", __package__)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"bundle_store: {address!r} has a scheme that nothing here knows; give a folder"
        ) from error
    store: BundleStore = module.open_store(address, root)
    return store
