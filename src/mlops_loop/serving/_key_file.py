"""The file of API keys: names, scopes and digests, never a key itself."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated

import msgspec

from .._atomic import atomic_write
from .._file_lock import file_lock
from .._formats import API_KEYS
from .._scopes import Scope
from ..errors import InputError, ServiceError
from ._caller import Caller

# Keys are random with 256 bits: neither a salt nor a slow hash is needed.
_BYTES = 32
# Names stand in log lines, in the audit log and on terminals.
_NAME = re.compile(r"\w[\w .@:/-]{0,63}")
DEFAULT_SCOPES: tuple[Scope, ...] = ("predict",)

Stamp = tuple[int, int, int]


class StoredKey(msgspec.Struct, frozen=True):
    """A key as it is stored: its SHA-256 in hexadecimal, creation time and scopes."""

    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    created: datetime
    scopes: tuple[Scope, ...]


Keys = dict[str, StoredKey]


class _Stored(msgspec.Struct, frozen=True):
    keys: Keys


def generate_key() -> tuple[str, str]:
    """A new key, and its SHA-256 in hexadecimal."""
    key = token_urlsafe(_BYTES)
    return key, sha256(key.encode()).hexdigest()


class KeyFile:
    """Keys by name, in a file that only its owner can read; several processes may change it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keys(self) -> Keys:
        """All keys; ServiceError if the file is damaged or cannot be read."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ServiceError(f"the API keys in {self.path} cannot be read: {error}") from error
        return API_KEYS.decode(content, _Stored, self.path).keys

    def callers(self) -> dict[bytes, Caller]:
        """The caller with each key by its SHA-256; ServiceError as `keys`."""
        return {
            bytes.fromhex(stored.sha256): Caller(f"key {name}", frozenset(stored.scopes))
            for name, stored in self.keys().items()
        }

    def stamp(self) -> Stamp | None:
        """Changes whenever the file does; None if there is no file."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def create(self, name: str, now: datetime, scopes: Sequence[Scope] = DEFAULT_SCOPES) -> str:
        """A new key, which cannot be shown again; InputError if the name is taken or invalid."""
        if not _NAME.fullmatch(name):
            raise InputError(
                f"invalid name of a key {name!r}: expected a letter, digit or underscore, then up"
                " to 63 of these, spaces and .@:/-"
            )
        key, digest = generate_key()
        with self._lock():
            keys = self.keys()
            if name in keys:
                raise InputError(
                    f"a key named {name!r} already exists: revoke it, or choose another name"
                )
            self._write({**keys, name: StoredKey(digest, now, tuple(scopes))})
        return key

    def revoke(self, name: str) -> None:
        """Remove a key; InputError if there is no key of that name."""
        with self._lock():
            keys = self.keys()
            if name not in keys:
                names = ", ".join(sorted(keys)) or "none"
                raise InputError(f"there is no key named {name!r}; existing keys: {names}")
            self._write({other: stored for other, stored in keys.items() if other != name})

    def _lock(self) -> AbstractContextManager[None]:
        return file_lock(self.path.with_name(f".{self.path.name}.lock"))

    def _write(self, keys: Keys) -> None:
        with atomic_write(self.path) as draft:
            draft.touch(mode=0o600)
            draft.write_bytes(API_KEYS.encode(_Stored(keys), indent=1))
