"""Structured logs on standard error: JSON in a pipe, readable on a terminal."""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, BinaryIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# The request at hand, for every line that is written while it is answered.
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)

# Other processes may write to the same pipe, which takes so many bytes in one piece.
_PIECE = 4096


def configure_logs(level: int = logging.INFO, *, force: bool = True) -> None:
    """Send structlog, and the warnings of libraries that use `logging`, to standard error.

    Args:
        level: of structlog's events.
        force: replace the handlers that `logging` has already.
    """
    shared: list[Processor] = [
        _add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    readable = sys.stderr.isatty()
    rendered: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if readable
        else [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_to_json),
        ]
    )
    structlog.configure(
        processors=[*shared, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=(
            structlog.PrintLoggerFactory(sys.stderr)
            if readable
            else structlog.BytesLoggerFactory(_new_lines(sys.stderr.buffer))
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


@contextmanager
def lines_together() -> Iterator[None]:
    """Lines written meanwhile leave at its end: a system call for each would cost more than it."""
    lines = _LINES.get()
    if lines is None:
        yield
        return
    lines.held = True
    try:
        yield
    finally:
        lines.held = False
        lines.flush()


class _Lines(io.BufferedWriter):
    """A stream of lines that are never cut; while `held`, flushing waits."""

    held = False

    def flush(self) -> None:
        if not self.held:
            super().flush()


_LINES: ContextVar[_Lines | None] = ContextVar("lines", default=None)


def _new_lines(stream: BinaryIO) -> _Lines:
    lines = _Lines(_Leaky(stream), _PIECE)
    _LINES.set(lines)
    return lines


class _Leaky(io.RawIOBase):
    """Drops what a full disk or a broken pipe does not take: no work fails for its log line."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, line: Any) -> int:
        with suppress(OSError):
            self._stream.write(line)
            self._stream.flush()
        return len(line)


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


def _to_json(event: EventDict, **_: object) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)
