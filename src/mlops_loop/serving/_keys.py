"""API keys: who may call the service."""

import hmac
import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from time import monotonic

import structlog

from ..errors import ServiceError
from ._key_file import KeyFile

logger: structlog.stdlib.BoundLogger = structlog.get_logger()

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


class ApiKeys:
    """The keys that requests are checked against.

    Keys in the file are added and revoked while the service runs. Without any key nobody is
    admitted, unless anonymous requests are allowed; these end with the first key. If the last key
    is revoked, or the file becomes unreadable, the service stays closed.

    Args:
        keys: keys, or their digests as `sha256:` and 64 hexadecimal digits.
        file: holds more of them.
        allow_anonymous: admit requests without a key as long as there is no key.
        interval: seconds between two reads of the file.
        now: gives seconds.

    Raises:
        ServiceError: if a configured key is invalid, or the file cannot be read.
    """

    def __init__(
        self,
        keys: Iterable[str] = (),
        file: KeyFile | None = None,
        *,
        allow_anonymous: bool = False,
        interval: float = 1.0,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._fixed = {
            _digest(key): f"{number} of serving.api_keys" for number, key in enumerate(keys, 1)
        }
        self._file = file
        self._allow_anonymous = allow_anonymous
        self._interval = interval
        self._now = now
        self._seen = file.stamp() if file else None
        self._names = {**self._fixed, **(file.names() if file else {})}
        self._failure = ""
        self._had_keys = bool(self._names)
        self._next_read = now() + interval

    @property
    def required(self) -> bool:
        """Whether a request needs a key."""
        self._refresh()
        return self._had_keys or not self._allow_anonymous

    @property
    def exist(self) -> bool:
        """Whether there is any key that a caller could send."""
        self._refresh()
        return bool(self._names)

    def warn_if_closed(self) -> None:
        """Log a warning if no request can be admitted for want of keys."""
        if self.required and not self.exist:
            logger.warning(
                "no API keys: every request is rejected until `key create NAME` has been run, or"
                " serving.allow_anonymous is set"
            )

    def admit(self, key: str) -> bool:
        """Whether a header's value, decoded as Latin-1, is one of the keys."""
        return not self.required or self.name_of(key) is not None

    def name_of(self, key: str) -> str | None:
        """The name of a key; None if there is no such key.

        The comparison takes the same time for every value.
        """
        given = sha256(key.encode("latin-1")).digest()
        matches = [
            name for digest, name in self._names.items() if hmac.compare_digest(given, digest)
        ]
        return matches[0] if matches else None

    def _refresh(self) -> None:
        if self._file is None or self._now() < self._next_read:
            return
        self._next_read = self._now() + self._interval
        stamp = self._file.stamp()
        if stamp == self._seen:
            return
        try:
            self._names = {**self._fixed, **self._file.names()}
        except ServiceError as error:
            if str(error) != self._failure:
                logger.error("API keys not reloaded", reason=str(error))
            self._failure = str(error)
            return
        self._seen, self._failure = stamp, ""
        self._had_keys = self._had_keys or bool(self._names)


def _digest(key: str) -> bytes:
    if not key.strip():
        raise ServiceError("serving.api_keys contains an empty key: remove it or set a real one")
    if not key.startswith("sha256:"):
        return sha256(key.encode()).digest()
    digest = _DIGEST.fullmatch(key)
    if digest is None:
        raise ServiceError("serving.api_keys: expected 64 hexadecimal digits after sha256:")
    return bytes.fromhex(digest[1])
