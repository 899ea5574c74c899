"""Structured logs on standard error: JSON in a pipe, readable on a terminal."""

import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from ._redaction import redact
from ._standard_output import printable, styled

# The request at hand, for every line that is written while it is answered.
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)

_JSON = msgspec.json.Encoder(enc_hook=str)


def configure_logs(level: int = logging.INFO, *, force: bool = True) -> None:
    """Send structlog, and the warnings of libraries that use `logging`, to standard error.

    Args:
        level: lowest level of structlog's events.
        force: replace the handlers that `logging` has already.
    """
    readable = sys.stderr.isatty()
    rendered: list[Processor] = (
        [
            _make_printable,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
            _redact,
        ]
        if readable
        else [_add_timestamp, structlog.processors.format_exc_info, _to_json]
    )
    structlog.configure(
        processors=[_add_request_id, structlog.processors.add_log_level, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=(
            structlog.PrintLoggerFactory(styled("stderr"))
            if readable
            else structlog.BytesLoggerFactory(cast(BinaryIO, _LossyStream(sys.stderr.buffer)))
        ),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Forward()], level=logging.WARNING, force=force)


def configure_if_unset() -> None:
    """`configure_logs` in a process where nobody has configured structlog.

    That is the case where another server than the command `serve` runs an application. Handlers
    that the server or the application added to `logging` stay.
    """
    if not structlog.is_configured():
        configure_logs(force=False)


class _LossyStream:
    """Drops lines on a full disk or a broken pipe, so that logging never fails the caller."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, line: bytes) -> None:
        """Write a whole line, and flush it."""
        try:
            self._stream.write(line)
            self._stream.flush()
        except OSError:
            pass

    def flush(self) -> None:
        """Nothing to do: `write` flushes."""


class _Forward(logging.Handler):
    """Hands a record of `logging` to structlog, so that all lines look alike."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info
        )


def _add_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if "request_id" not in event and (request_id := REQUEST_ID.get()) is not None:
        event["request_id"] = request_id
    return event


def _add_timestamp(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["timestamp"] = datetime.now(UTC)
    return event


def _make_printable(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {
        key: printable(value) if isinstance(value, str) else value for key, value in event.items()
    }


def _to_json(_: WrappedLogger, __: str, event: EventDict) -> bytes:
    return redact(_JSON.encode(event).decode()).encode()


def _redact(_: WrappedLogger, __: str, line: Any) -> str:
    return redact(line)
