"""API keys: who may call the service, and for what."""

import hmac
import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from time import monotonic

import structlog

from ..errors import ServiceError
from ._caller import Caller
from ._key_file import KeyFile

logger: structlog.stdlib.BoundLogger = structlog.get_logger()

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


class ApiKeys:
    """The keys that requests are checked against.

    Keys in the file are added and revoked while the service runs. Without any key nobody is
    admitted, unless anonymous requests are allowed; these end with the first key. A key file
    without keys, e.g. after the last one was revoked, admits nobody, also after a restart, and
    neither does one that cannot be read.

    Args:
        keys: keys, or their digests as `sha256:` and 64 hexadecimal digits.
        scopes: what their callers may do.
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
        scopes: Iterable[str] = (),
        allow_anonymous: bool = False,
        interval: float = 1.0,
        now: Callable[[], float] = monotonic,
    ) -> None:
        granted = frozenset(scopes)
        self._fixed = {
            _digest(key): Caller(f"key {number} of serving.api_keys", granted)
            for number, key in enumerate(keys, 1)
        }
        self._file = file
        self._allow_anonymous = allow_anonymous
        self._interval = interval
        self._now = now
        self._seen = file.stamp() if file else None
        self._callers = {**self._fixed, **(file.callers() if file else {})}
        self._failure = ""
        # From then on anonymous requests are over.
        self._had_keys = bool(self._callers) or self._seen is not None
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
        return bool(self._callers)

    def warn_if_closed(self) -> None:
        """Log a warning if no request can be admitted for want of keys."""
        if self.required and not self.exist:
            logger.warning(
                "no API keys: every request is rejected until `key create NAME` has been run; to"
                " admit anonymous requests, set serving.allow_anonymous and delete"
                " serving.key_file if it exists"
            )

    def caller_of(self, key: str) -> Caller | None:
        """Who has the key in a header, decoded as Latin-1; None if there is no such key.

        The comparison takes the same time for every value.
        """
        self._refresh()
        given = sha256(key.encode("latin-1")).digest()
        matches = [
            caller for digest, caller in self._callers.items() if hmac.compare_digest(given, digest)
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
            self._callers = {**self._fixed, **self._file.callers()}
        except ServiceError as error:
            self._had_keys = True
            if str(error) != self._failure:
                logger.error("API keys not reloaded", reason=str(error))
            self._failure = str(error)
            return
        self._seen, self._failure = stamp, ""
        self._had_keys = self._had_keys or stamp is not None


def _digest(key: str) -> bytes:
    if not key.strip():
        raise ServiceError("serving.api_keys contains an empty key: remove it or set a real one")
    if not key.startswith("sha256:"):
        return sha256(key.encode()).digest()
    digest = _DIGEST.fullmatch(key)
    if digest is None:
        raise ServiceError("serving.api_keys: expected 64 hexadecimal digits after sha256:")
    return bytes.fromhex(digest[1])
