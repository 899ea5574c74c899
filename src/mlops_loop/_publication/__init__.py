"""Where published bundles lie, and the pointer that says which of them serve."""

from pathlib import Path

from .._file_systems import is_remote, local_path
from .._paths import Paths
from .folder import FolderStore, export_version, require_empty
from .object_store import ObjectStore
from .objects import Objects
from .pointer import NO_CHAMPION, BundleStore, Pointer, Role, Rollout, rollout_key

__all__ = [
    "NO_CHAMPION",
    "BundleStore",
    "Pointer",
    "Role",
    "Rollout",
    "bundle_folder",
    "export_version",
    "open_bundle_store",
    "require_empty",
    "rollout_key",
]


def open_bundle_store(address: str, root: Path) -> BundleStore:
    """The store at an address: a folder, relative to the project's root, or a URL of fsspec."""
    folder = bundle_folder(address, root)
    if folder is None:
        return ObjectStore(Objects(address), Paths(root).bundle_copies)
    return FolderStore(folder)


def bundle_folder(address: str, root: Path) -> Path | None:
    """The folder of the store at an address; None if it is an object store."""
    return None if is_remote(address) else root / local_path(address)
