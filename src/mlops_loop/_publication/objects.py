"""Objects below a URL: read and written within a deadline, with errors in one sentence."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .._file_systems import open_file_system, shown
from ..errors import InputError, ProjectError, SettingsError, StoreError, StoreUnavailableError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# A small object, which services read again and again; and a whole bundle.
SHORT_SECONDS, LONG_SECONDS = 5.0, 120.0
# s3fs would ask for the size of every object before it reads it.
_OPTIONS: dict[str, dict[str, object]] = {"s3": {"max_concurrency": 1}}
# Codes of S3 for keys that it does not know or accept; HTTP services answer 401.
_BAD_CREDENTIALS = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    401,
    "401",
}


class Objects:
    """The objects whose names begin with an address.

    Nothing is opened before the first call, so that a store which is not there is a failure of
    that call. Asynchronous file systems, e.g. of `s3://` and `gs://`, keep the deadlines.

    Args:
        address: a URL; the file system takes credentials from its usual places.
    """

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self.name = shown(self._address)
        self._has_bucket = False

    def find(self, name: str) -> bytes | None:
        """The content of a small object; None if there is none of this name.

        Raises:
            StoreError: if the store, the bucket or the permission is missing.
        """
        try:
            with self._translated("read"):
                content = self._read([name], SHORT_SECONDS)[0]
        except FileNotFoundError:
            self._require_bucket()
            return None
        self._has_bucket = True
        return content

    def read(self, names: Sequence[str]) -> list[bytes]:
        """The contents of objects.

        Raises:
            FileNotFoundError: if one does not exist.
            StoreError: as `find`.
        """
        with self._translated("read"):
            return self._read(names, LONG_SECONDS)

    def write(self, name: str, content: bytes) -> None:
        """Create or replace an object; readers see the old content or the new one.

        Raises:
            StoreError: as `find`.
        """
        try:
            with self._translated("write"):
                self._call("pipe_file", self._path(name), content, seconds=LONG_SECONDS)
        except FileNotFoundError as error:
            raise self._no_bucket() from error

    def remove(self, name: str) -> None:
        """Delete an object.

        Raises:
            StoreError: as `find`.
        """
        with self._translated("delete"):
            self._call("rm_file", self._path(name), seconds=SHORT_SECONDS)

    @cached_property
    def _location(self) -> "tuple[AbstractFileSystem, str]":
        options = _OPTIONS.get(self._address.partition("://")[0], {})
        # It logs each failure with a traceback, and the failure is raised as well.
        logging.getLogger("gcsfs").setLevel(logging.CRITICAL)
        try:
            # An instance of its own, whose connections nothing else uses up.
            return open_file_system(self._address, skip_instance_cache=True, **options)
        except InputError as error:
            raise SettingsError(f"bundle_store: {error}") from error

    def _path(self, name: str) -> str:
        return f"{self._location[1].rstrip('/')}/{name}"

    def _read(self, names: Sequence[str], seconds: float) -> list[bytes]:
        paths = [self._path(name) for name in names]
        fs = self._location[0]
        if fs.async_impl:
            contents: list[bytes] = self._run(_read_all, fs, paths, seconds=seconds)
            return contents
        return [fs.cat_file(path) for path in paths]

    def _call(self, method: str, *arguments: object, seconds: float) -> Any:
        fs = self._location[0]
        if fs.async_impl:  # its coroutines have the names of the methods with an underscore
            return self._run(getattr(fs, f"_{method}"), *arguments, seconds=seconds)
        return getattr(fs, method)(*arguments)

    def _run(self, coroutine: Any, *arguments: object, seconds: float) -> Any:
        """Run a coroutine of the file system; one that takes longer is cancelled."""
        from fsspec.asyn import sync

        return sync(self._location[0].loop, coroutine, *arguments, timeout=seconds)

    def _require_bucket(self) -> None:
        """Tell a bucket that does not exist from an object that does not, until one was seen.

        Raises:
            StoreError: if the bucket does not exist.
        """
        fs, path = self._location
        if self._has_bucket or not fs.async_impl:
            return
        bucket = path.lstrip("/").partition("/")[0]
        try:
            with self._translated("read"):
                self._call("info", bucket, seconds=SHORT_SECONDS)
        except FileNotFoundError as error:
            raise self._no_bucket() from error
        except StoreError:
            return  # no permission to look at the bucket itself
        self._has_bucket = True

    def _no_bucket(self) -> StoreError:
        return StoreError(
            f"the bucket of {self.name} does not exist: create it, or correct bundle_store"
        )

    @contextmanager
    def _translated(self, action: str) -> Iterator[None]:
        try:
            yield
        except (ProjectError, FileNotFoundError):
            raise
        except Exception as error:  # each protocol has its own exceptions
            raise self._translate(error, action) from error

    def _translate(self, error: Exception, action: str) -> StoreError:
        if "Credential" in type(error).__name__:
            self._forget_credentials()
            return StoreError(
                f"there are no credentials for {self.name}: give this process a role, or set the "
                f"environment variables of the provider ({_reason(error)})"
            )
        if not _BAD_CREDENTIALS.isdisjoint(_codes(error)):
            self._forget_credentials()
            return StoreError(
                f"{self.name} rejects the credentials: renew them, or correct the environment "
                f"variables of the provider ({_reason(error)})"
            )
        if isinstance(error, PermissionError) or str(error).startswith("Forbidden"):
            return StoreError(
                f"permission to {action} objects in {self.name} is missing: grant it to the "
                f"identity of this process, and the one to list the bucket ({_reason(error)})"
            )
        return StoreUnavailableError(f"{self.name} cannot be reached: {_reason(error)}")

    def _forget_credentials(self) -> None:
        """Let the next call look for credentials again."""
        self.__dict__.pop("_location", None)


async def _read_all(fs: Any, paths: Sequence[str]) -> list[bytes]:
    return list(await asyncio.gather(*(fs._cat_file(path) for path in paths)))


def _codes(error: BaseException | None) -> Iterator[object]:
    """Status and code of the responses that an error and its causes are about."""
    while error is not None:
        yield getattr(error, "code", None)
        response = getattr(error, "response", None)
        if isinstance(response, dict):
            yield response.get("Error", {}).get("Code")
        error = error.__cause__


def _reason(error: Exception) -> str:
    """The first line of an error, the same each time."""
    if isinstance(error, TimeoutError):
        return "no response in time"
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__
