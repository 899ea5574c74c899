"""Errors of PostgreSQL and of the network: what they mean, and the next step."""

import re

import psycopg

from ...errors import StoreError, StoreUnavailableError

# How long to wait for a server that does not answer.
SECONDS = 10

# Sent before the server gives an error its code, so that only the text tells.
_REJECTED = re.compile(
    r"authentication failed|no password supplied|pg_hba\.conf|(database|role) .* does not exist"
    r"|permission denied|certificate|does not support SSL"
)
_START = (
    "check that a server runs at this address (`make store` starts one, in projects rendered for "
    "PostgreSQL)"
)
_DAMAGED = "restore the database from a backup, and check the disk of the server"
_NEXT_STEPS = {
    "XX001": _DAMAGED,
    "XX002": f"run `REINDEX DATABASE`, or {_DAMAGED}",
    "53100": "free some space on its disk; nothing that was acknowledged is lost",
    "25006": "it is a replica: name the primary",
    "42501": "let this user create schemas in the database, or own the one of the log",
}


def explain_postgresql_error(name: str, error: Exception) -> StoreError:
    """An error as a StoreError with the next step; `name` is what to call the log."""
    if isinstance(error, StoreError) and str(error).startswith(name):
        return error
    message = _first_line(error)
    sqlstate = getattr(error, "sqlstate", None) or ""
    step = _NEXT_STEPS.get(sqlstate, "")
    if is_unavailable(error):
        return StoreUnavailableError(f"{name}: {message}; {step or _START}")
    if not sqlstate and isinstance(error, psycopg.OperationalError):
        step = "name user, password and database, as postgresql://user:pw@host/database"
    return StoreError(f"{name}: {message}; {step}" if step else f"{name}: {message}")


def is_unavailable(error: Exception) -> bool:
    """Whether the server cannot be reached, or cannot write until an operator mends it."""
    if not isinstance(error, psycopg.OperationalError):
        return isinstance(error, OSError)
    if error.sqlstate is None:
        return not _REJECTED.search(str(error))
    # Broken connections; insufficient resources, e.g. a full disk; a server that shuts down,
    # crashed, or is starting.
    return error.sqlstate.startswith(("08", "53")) or error.sqlstate in ("57P01", "57P02", "57P03")


def _first_line(error: Exception) -> str:
    """The message without libpq's advice about every address that it tried."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    lines = (primary or str(error)).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")
