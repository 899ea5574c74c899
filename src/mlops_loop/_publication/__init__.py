"""Where published bundles lie, and the pointer that says which of them serve."""

from pathlib import Path

from ..errors import SettingsError
from .folder import FolderStore
from .pointer import NO_CHAMPION, BundleStore, Pointer, Role, Rollout, rollout_key

__all__ = [
    "NO_CHAMPION",
    "BundleStore",
    "Pointer",
    "Role",
    "Rollout",
    "open_bundle_store",
    "rollout_key",
]


def open_bundle_store(address: str, root: Path) -> BundleStore:
    """The store at an address, which is a folder, relative to the project's root.

    Raises:
        SettingsError: if the address is a URL.
    """
    if "://" in address:
        raise SettingsError(
            f"bundle_store: {address!r} has a scheme that nothing here knows; give a folder"
        )
    return FolderStore(root / address)
