"""The file of API keys: names and digests, never a key itself."""

from contextlib import AbstractContextManager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated

import msgspec

from ..atomic import atomic_write
from ..errors import InputError, ServiceError
from ..file_lock import file_lock

# What a key is drawn from has 256 bits: no salt is needed, nor a slow hash.
_BYTES = 32

Stamp = tuple[int, int, int]


class Known(msgspec.Struct, frozen=True):
    """A key as it is kept: the hexadecimal SHA-256 of it, and when it was made."""

    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    created: datetime


Keys = dict[str, Known]


class KeyFile:
    """Keys by name, in a file that only its owner may read; several processes may change it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keys(self) -> Keys:
        """All keys; ServiceError if the file is damaged or cannot be read."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Keys)
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            raise ServiceError(
                f"the API keys in {self.path} cannot be read: {error}; bring back the file, or "
                "delete it and make new keys with `key create NAME`"
            ) from error

    def digests(self) -> list[bytes]:
        """The SHA-256 of each key; ServiceError as `keys`."""
        return [bytes.fromhex(known.sha256) for known in self.keys().values()]

    def stamp(self) -> Stamp | None:
        """What changes with the file; None while there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def create(self, name: str, now: datetime) -> str:
        """A new key, which nobody can find out again; InputError if the name is taken."""
        key = token_urlsafe(_BYTES)
        with self._lock():
            keys = self.keys()
            if name in keys:
                raise InputError(
                    f"there is a key {name!r} already: revoke it, or choose another name"
                )
            self._write({**keys, name: Known(sha256(key.encode()).hexdigest(), now)})
        return key

    def revoke(self, name: str) -> None:
        """Forget a key; InputError if there is none of that name."""
        with self._lock():
            keys = self.keys()
            if name not in keys:
                known = ", ".join(sorted(keys)) or "none"
                raise InputError(f"there is no key {name!r}; there are: {known}")
            self._write({other: known for other, known in keys.items() if other != name})

    def _lock(self) -> AbstractContextManager[None]:
        return file_lock(self.path.with_name(f".{self.path.name}.lock"))

    def _write(self, keys: Keys) -> None:
        with atomic_write(self.path) as draft:
            draft.touch(mode=0o600)
            draft.write_bytes(msgspec.json.format(msgspec.json.encode(keys)))
