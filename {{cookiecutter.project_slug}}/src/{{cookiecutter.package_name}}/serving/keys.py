"""API keys: who may call the service."""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from ipaddress import ip_address

from ..errors import ServiceError


class ApiKeys:
    """The keys that open the service; with none it is open to all."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests = [sha256(key.encode()).digest() for key in keys]

    @property
    def required(self) -> bool:
        return bool(self._digests)

    def admit(self, key: str) -> bool:
        """Whether the value of a header, in Latin-1 as HTTP has it, is one of our keys.

        The time it takes does not tell how nearly it is.
        """
        if not self._digests:
            return True
        given = sha256(key.encode("latin-1")).digest()
        matches = [hmac.compare_digest(given, digest) for digest in self._digests]
        return any(matches)


def require_keys(keys: Iterable[str], host: str) -> None:
    """Refuse to open a service without keys to the network.

    Raises:
        ServiceError: if there is no key, or an empty one, and `host` is not loopback.
    """
    listed = list(keys)
    if any(not key.strip() for key in listed):
        raise ServiceError("serving.api_keys holds an empty key: remove it or write a real one")
    if not listed and not _is_loopback(host):
        raise ServiceError(
            f"serving.host is {host}, which others can reach, and there are no API keys: "
            "set serving.api_keys, or serve on 127.0.0.1"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
