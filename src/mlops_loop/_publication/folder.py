"""Bundles in a folder: one subfolder a version, and `pointer.json`."""

import shutil
from pathlib import Path

from .._atomic import atomic_folder, atomic_write, rename_damaged
from .._bundle import Bundle, read_bundle
from .._formats import POINTER as POINTER_FORMAT
from .._formats import REPUBLISH
from ..errors import DamagedBundleError, InputError
from .pointer import POINTER, BundleStore, Pointer, Rollout


class FolderStore:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pointer = folder / POINTER

    def is_published(self, version: str) -> bool:
        return (self._folder / version).is_dir()

    def publish(self, bundle: Bundle, *, replace: bool = False) -> None:
        target = self._folder / bundle.manifest.version
        if target.exists() and not replace:
            return
        with atomic_folder(target) as draft:
            shutil.copytree(bundle.directory, draft, dirs_exist_ok=True)

    def fetch(self, version: str, *, fresh: bool = False) -> Path:
        folder = self._folder / version
        if not self.is_published(version):
            raise DamagedBundleError(
                f"version {version} is not published in {self._folder}: {REPUBLISH}"
            )
        return folder

    def pointer(self) -> Pointer:
        try:
            content = self._pointer.read_bytes()
        except FileNotFoundError:
            return Pointer()
        return POINTER_FORMAT.decode(content, Pointer, self._pointer)

    def stamp(self) -> object:
        try:
            status = self._pointer.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

    def set_rollout(self, key: str, rollout: Rollout) -> None:
        self._write(self.pointer().with_rollout(key, rollout))

    def restore_pointer(self, pointer: Pointer) -> bool:
        if self._pointer.exists():
            if POINTER_FORMAT.is_document(self._pointer.read_bytes()):
                return False
            rename_damaged(self._pointer)
        self._write(pointer)
        return True

    def _write(self, pointer: Pointer) -> None:
        with atomic_write(self._pointer) as draft:
            draft.write_bytes(POINTER_FORMAT.encode(pointer))


def require_empty(folder: Path) -> None:
    """Raise InputError if a folder to write holds something."""
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty: delete it, or name another folder")


def export_version(store: BundleStore, version: str, key: str, folder: Path) -> None:
    """Write a bundle store that holds one version, as the champion.

    Args:
        store: store that the version is published in.
        version: the version.
        key: see `rollout_key`.
        folder: folder to write.

    Raises:
        InputError: if the folder is there already and is not empty.
    """
    require_empty(folder)
    with atomic_folder(folder) as draft:
        exported = FolderStore(draft)
        exported.publish(read_bundle(store.fetch(version)))
        exported.set_rollout(key, Rollout(champion=version))
