"""The server of the Redis log: its connections and its errors."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
)
from redis.retry import Retry

from ..errors import SettingsError, StoreError, StoreUnavailableError
from ._url_options import acknowledges, password_file, read_password, split_address

# How long to wait for a server that does not respond.
SECONDS = 10.0

_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
# What is demanded of the server's certificate; `none` where a platform signs its own.
_VERIFICATION = "ssl_cert_reqs"
_VERIFICATIONS = ("required", "none")

# Unreadable prefix that redis-py puts before an error of the server.
_IN_PIPELINE = re.compile(r"^Command # \d+ \(.*\) of pipeline caused error: ", re.DOTALL)

_START = "redis-server --port {port} --appendonly yes --appendfsync always"
_UNREACHABLE = (redis.ConnectionError, redis.TimeoutError, OSError)
# What an operator mends, and until then predictions wait in the spool.
_UNAVAILABLE = (*_UNREACHABLE, BusyLoadingError, OutOfMemoryError, ReadOnlyError)
# The first match counts; some of them are connection errors as well.
_NEXT_STEPS = (
    (BusyLoadingError, "try again in a moment"),
    ((AuthenticationError, NoPermissionError), "name user and password, e.g. redis://user:pw@host"),
    (ReadOnlyError, "it is a replica: name the primary"),
    (OutOfMemoryError, "give it more memory; nothing that was acknowledged is lost"),
    (
        _UNREACHABLE,
        f"start a server with `{_START}` (in projects rendered for Redis: `make store`)",
    ),
)


class _FromFile(redis.CredentialProvider):
    """User and password of each new connection; the password is in a file."""

    def __init__(self, user: str | None, file: Path) -> None:
        self._user = user
        self._file = file

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        password = read_password(self._file)
        return (password,) if self._user is None else (self._user, password)


def _credentials(url: SplitResult, file: Path | None) -> dict[str, Any]:
    user = unquote(url.username) if url.username else None
    if file is not None:
        return {"credential_provider": _FromFile(user, file)}
    return {"username": user, "password": unquote(url.password) if url.password else None}


class RedisServer:
    """Connection of an address, e.g. `redis://user:password@host:6379/0?name=predictions`.

    Attributes:
        name: name of the log in messages, without the password.
        spool: folder for records while the server is unavailable; None for none.
        log_name: prefix of the keys of the log.
        acknowledged: whether `append` waits until the record is durable.
    """

    def __init__(self, address: str, root: Path) -> None:
        location, options = split_address(address, "name", "spool", _VERIFICATION, *_FILES)
        try:
            url = urlsplit(location)
            database = int(url.path.strip("/") or 0)
            self._port = url.port or 6379
        except ValueError as error:
            raise SettingsError(
                "prediction_log: expected a Redis address, e.g. redis://localhost:6379/0"
            ) from error
        host = url.hostname or "localhost"
        user = f"{url.username}@" if url.username else ""
        self.name = f"prediction log {url.scheme}://{user}{host}:{self._port}/{database}"
        self.log_name = options.get("name", "predictions")
        self.spool = options.get("spool")
        self.acknowledged = acknowledges(options)
        self._arguments: dict[str, Any] = {
            "host": host,
            "port": self._port,
            "db": database,
            **_credentials(url, password_file(options, Path(root))),
            "socket_timeout": SECONDS,
            "protocol": 2,
        }
        verification = options.get(_VERIFICATION, _VERIFICATIONS[0])
        if verification not in _VERIFICATIONS:
            raise SettingsError(
                f"prediction_log: {_VERIFICATION}={verification!r}; write one of"
                f" {', '.join(_VERIFICATIONS)}"
            )
        files = {name: str(Path(root) / options[name]) for name in _FILES if name in options}
        if missing := [path for path in files.values() if not Path(path).is_file()]:
            raise SettingsError(f"prediction_log: there is no file {missing[0]}")
        if url.scheme == "rediss":
            checks = {_VERIFICATION: verification, "ssl_check_hostname": verification != "none"}
            self._arguments |= {"ssl": True, **checks, **files}
        elif tls := [name for name in (_VERIFICATION, *_FILES) if name in options]:
            raise SettingsError(f"prediction_log: {', '.join(tls)} require a rediss:// address")

    def connect(self) -> redis.Redis:
        """A client for any number of threads; connects when it is first used."""
        # A connection that was lost with its server is replaced once, immediately.
        return redis.Redis(**self._arguments, retry=Retry(NoBackoff(), 1))

    def connect_once(self) -> redis.Redis:
        """A client of one connection, for one thread; connects now and never reconnects."""
        retry = Retry(NoBackoff(), 0)
        return redis.Redis(**self._arguments, retry=retry, single_connection_client=True)

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Raise errors of the server and the network as a StoreError with the next step."""
        try:
            yield
        except (redis.RedisError, OSError, StoreError) as error:
            raise self.explain(error) from error

    def explain(self, error: Exception) -> StoreError:
        step = next((step for kinds, step in _NEXT_STEPS if isinstance(error, kinds)), None)
        bad_certificate = "CERTIFICATE_VERIFY_FAILED" in str(error)
        if bad_certificate:
            step = "name the file of its certificate authority, e.g. `?ssl_ca_certs=ca.pem`"
        message = _IN_PIPELINE.sub("", str(error)).rstrip(".")
        if step:
            message += f"; {step.format(port=self._port)}"
        rejected = bad_certificate or isinstance(error, AuthenticationError)
        unavailable = isinstance(error, _UNAVAILABLE) and not rejected
        return (StoreUnavailableError if unavailable else StoreError)(f"{self.name}: {message}")
