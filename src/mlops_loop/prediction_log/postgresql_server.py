"""The server of the PostgreSQL log: how it is reached, and what its errors mean."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from ..errors import SettingsError, StoreError, StoreUnavailableError
from .url_options import acknowledges, split_address

# How long to wait for a server that does not say anything.
SECONDS = 10

_FILES = ("sslrootcert", "sslcert", "sslkey")
_OWN = ("name", "spool", "sslmode", "target_session_attrs", *_FILES)
_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,49}")

# Sent before the server says what kind of error it is, so that only the words tell.
_REFUSED = re.compile(
    r"authentication failed|no password supplied|pg_hba\.conf|(database|role) .* does not exist"
    r"|permission denied|certificate|does not support SSL"
)
_NEXT_STEPS = {
    "53100": "free some space on its disk; nothing that was acknowledged is lost",
    "25006": "it is a replica: name the primary",
    "42501": "let this user create schemas in the database, or own the one of the log",
}


class PostgresqlServer:
    """What an address such as `postgresql://user:password@host:5432/database?name=flights` says.

    Attributes:
        name: what messages call the log; the password is no part of it.
        schema: of the tables.
        lock: the number under which writers keep out of each other's way.
        spool: folder for what comes while the server is away, None for none.
        acknowledged: whether whoever appends waits until the record is durable.
    """

    def __init__(self, address: str, root: Path) -> None:
        place, options = split_address(address, *_OWN)
        try:
            said = conninfo_to_dict(place)
            port = int(said.get("port") or 5432)
        except (psycopg.Error, ValueError) as error:
            raise SettingsError(
                "prediction_log: write an address of PostgreSQL as"
                " postgresql://user@localhost:5432/database"
            ) from error
        self.schema = options.pop("name", "predictions")
        if not _NAME.fullmatch(self.schema):
            raise SettingsError(
                f"prediction_log: name={self.schema!r} is the schema of the tables; write small"
                " letters, digits and underscores, 50 at most"
            )
        self.acknowledged = acknowledges(options)
        options.pop("durability", None)
        self.spool = options.pop("spool", None)
        digest = blake2b(f"prediction log {self.schema}".encode(), digest_size=8).digest()
        self.lock = int.from_bytes(digest, signed=True)
        host = said.setdefault("host", "localhost")
        user = f"{said['user']}@" if said.get("user") else ""
        self.name = f"prediction log postgresql://{user}{host}:{port}/{said.get('dbname') or ''}"
        for option in _FILES:
            if options.get(option, "system") != "system":
                options[option] = str(Path(root) / options[option])
        self._arguments: dict[str, Any] = {**_PATIENCE, **said, **options}

    def connect(self) -> psycopg.Connection[Any]:
        """A connection without a transaction; no statement is prepared, for poolers' sake."""
        return psycopg.connect(**self._arguments, autocommit=True, prepare_threshold=None)

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Errors of the server and of the network, as a StoreError with the next step."""
        try:
            yield
        except (psycopg.Error, OSError, StoreError) as error:
            raise self.explain(error) from error

    def explain(self, error: Exception) -> StoreError:
        if isinstance(error, StoreUnavailableError) or str(error).startswith(self.name):
            return error if isinstance(error, StoreError) else StoreError(str(error))
        said = _first_line(error)
        if is_unavailable(error):
            step = "start a server with `make store`, or see to the one at this address"
            return StoreUnavailableError(f"{self.name}: {said}; {step}")
        sqlstate = getattr(error, "sqlstate", None) or ""
        step = _NEXT_STEPS.get(sqlstate, "")
        if not sqlstate and isinstance(error, psycopg.OperationalError):
            step = "name user, password and database, as postgresql://user:pw@host/database"
        return StoreError(f"{self.name}: {said}; {step}" if step else f"{self.name}: {said}")


_PATIENCE = {
    "connect_timeout": SECONDS,
    "tcp_user_timeout": SECONDS * 1_000,
    "client_encoding": "UTF8",
}


def is_unavailable(error: Exception) -> bool:
    """Whether the server, or the way to it, is gone for now."""
    if not isinstance(error, psycopg.OperationalError):
        return isinstance(error, OSError)
    if error.sqlstate is None:
        return not _REFUSED.search(str(error))
    # Connections that broke; a server that shuts down, crashed, or is starting.
    return error.sqlstate.startswith("08") or error.sqlstate in ("57P01", "57P02", "57P03")


def _first_line(error: Exception) -> str:
    """What libpq says goes on with advice about every address that it tried."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    lines = (primary or str(error)).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")
