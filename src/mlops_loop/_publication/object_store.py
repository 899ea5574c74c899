"""Bundles in an object store: one prefix a version, and `pointer.json`.

A version is published once its manifest is there, which is written last. Readers copy a version to
a folder, where it is used until the manifest in the store is another one.
"""

import os
import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from weakref import finalize

from .._atomic import atomic_folder, make_folder
from .._bundle import MANIFEST, Bundle, Manifest
from .._file_lock import file_lock
from .._formats import BUNDLE
from .._formats import POINTER as POINTER_FORMAT
from .._formats import REPUBLISH
from ..errors import DamagedBundleError
from .objects import Objects
from .pointer import POINTER, Pointer, Rollout


class ObjectStore:
    """A bundle store behind a URL.

    Args:
        objects: the objects below the URL.
        copies: folder for copies of versions; where it cannot be written, e.g. on a read-only file
            system, a temporary folder of this process takes its place.
    """

    def __init__(self, objects: Objects, copies: Path) -> None:
        self._objects = objects
        self._preferred_copies = copies

    def is_published(self, version: str) -> bool:
        return self._manifest(version) is not None

    def publish(self, bundle: Bundle, *, replace: bool = False) -> None:
        version = bundle.manifest.version
        published = self._manifest(version)
        if published is not None and not replace:
            return
        content = (bundle.directory / MANIFEST).read_bytes()
        if published not in (None, content):
            # Nobody may find the old manifest beside new files.
            self._objects.remove(f"{version}/{MANIFEST}")
        for name in bundle.manifest.files:
            self._objects.write(f"{version}/{name}", bundle.read(name))
        self._objects.write(f"{version}/{MANIFEST}", content)

    def fetch(self, version: str, *, fresh: bool = False) -> Path:
        content = self._manifest(version)
        if content is None:
            raise DamagedBundleError(
                f"version {version} is not published in {self._objects.name}: {REPUBLISH}"
            )
        copy = self._copies / version
        with file_lock(self._copies / ".lock"):
            if fresh or not _is_copy(copy, content):
                files = self._download(version, content)
                with atomic_folder(copy) as draft:
                    for name, file in {**files, MANIFEST: content}.items():
                        (draft / name).write_bytes(file)
        return copy

    def pointer(self) -> Pointer:
        content = self._objects.find(POINTER)
        if content is None:
            return Pointer()
        return POINTER_FORMAT.decode(content, Pointer, f"{self._objects.name}/{POINTER}")

    def stamp(self) -> object:
        # One request, as for its ETag, and no store has to be asked how it tells versions apart.
        return self._objects.find(POINTER)

    def set_rollout(self, key: str, rollout: Rollout) -> None:
        self._write(self.pointer().with_rollout(key, rollout))

    def restore_pointer(self, pointer: Pointer) -> bool:
        content = self._objects.find(POINTER)
        if content is not None:
            if POINTER_FORMAT.is_document(content):
                return False
            self._objects.write(str(Path(POINTER).with_suffix(".damaged")), content)
        self._write(pointer)
        return True

    def _write(self, pointer: Pointer) -> None:
        self._objects.write(POINTER, POINTER_FORMAT.encode(pointer))

    def _manifest(self, version: str) -> bytes | None:
        return self._objects.find(f"{version}/{MANIFEST}")

    def _download(self, version: str, content: bytes) -> Mapping[str, bytes]:
        """The files of a version, verified.

        Raises:
            DamagedBundleError: if one is missing or changed.
        """
        origin = f"{self._objects.name}/{version}"
        manifest = BUNDLE.decode(content, Manifest, f"{origin}/{MANIFEST}")
        names = list(manifest.files)
        try:
            files = self._objects.read([f"{version}/{name}" for name in names])
        except FileNotFoundError as error:
            raise DamagedBundleError(
                f"{origin} does not have all the files of its manifest: {REPUBLISH}"
            ) from error
        for name, file in zip(names, files, strict=True):
            manifest.verify(name, file, f"{origin}/{name}")
        return dict(zip(names, files, strict=True))

    @cached_property
    def _copies(self) -> Path:
        try:
            make_folder(self._preferred_copies)
            if os.access(self._preferred_copies, os.W_OK):
                return self._preferred_copies
        except OSError:
            pass
        folder = mkdtemp(prefix="bundles-")
        finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)


def _is_copy(folder: Path, manifest: bytes) -> bool:
    """Whether a folder holds the version with this manifest, undamaged."""
    try:
        if (folder / MANIFEST).read_bytes() != manifest:
            return False
        Bundle(folder, BUNDLE.decode(manifest, Manifest, folder / MANIFEST)).verify()
    except (OSError, DamagedBundleError):
        return False
    return True
