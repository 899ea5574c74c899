"""API keys: who may call the service."""

import hmac
import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from ipaddress import ip_address
from time import monotonic

import structlog

from ..errors import ServiceError
from .key_file import KeyFile

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


class ApiKeys:
    """The keys that open the service; with none it is open to all, until there is one.

    Keys in the file are added and revoked while the service runs. If the last one is revoked, or
    the file cannot be read any more, the service stays closed to all others.

    Args:
        keys: keys, or their digests as `sha256:` and 64 hexadecimal digits.
        file: has more of them.
        interval: seconds between two looks at the file.
        now: gives seconds.

    Raises:
        ServiceError: if one of the keys is none, or the file cannot be read.
    """

    def __init__(
        self,
        keys: Iterable[str] = (),
        file: KeyFile | None = None,
        *,
        interval: float = 1.0,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._fixed = [_digest(key) for key in keys]
        self._file = file
        self._interval = interval
        self._now = now
        self._seen = file.stamp() if file else None
        self._digests = [*self._fixed, *(file.digests() if file else ())]
        self._closed = bool(self._digests)
        self._next_look = now() + interval

    @property
    def required(self) -> bool:
        """Whether a request needs a key."""
        self._look()
        return self._closed

    def admit(self, key: str) -> bool:
        """Whether the value of a header, in Latin-1 as HTTP has it, is one of our keys.

        The time it takes does not tell how nearly it is.
        """
        if not self.required:
            return True
        given = sha256(key.encode("latin-1")).digest()
        matches = [hmac.compare_digest(given, digest) for digest in self._digests]
        return any(matches)

    def require(self, host: str) -> None:
        """Raises ServiceError if there is no key and `host` is not loopback."""
        if not self.required and not _is_loopback(host):
            raise ServiceError(
                f"serving.host is {host}, which others can reach, and there are no API keys: "
                "make one with `key create NAME`, set serving.api_keys, or serve on 127.0.0.1"
            )

    def _look(self) -> None:
        if self._file is None or self._now() < self._next_look:
            return
        self._next_look = self._now() + self._interval
        stamp = self._file.stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._digests = [*self._fixed, *self._file.digests()]
        except ServiceError as error:
            logger: structlog.stdlib.BoundLogger = structlog.get_logger()
            logger.error("the keys stay as they were", reason=str(error))
        self._closed = self._closed or bool(self._digests)


def _digest(key: str) -> bytes:
    if not key.strip():
        raise ServiceError("serving.api_keys holds an empty key: remove it or write a real one")
    if not key.startswith("sha256:"):
        return sha256(key.encode()).digest()
    found = _DIGEST.fullmatch(key)
    if found is None:
        raise ServiceError("serving.api_keys: after sha256: come 64 hexadecimal digits")
    return bytes.fromhex(found[1])


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
