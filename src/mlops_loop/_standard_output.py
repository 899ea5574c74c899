"""Standard output for any terminal and any reader."""

import errno
import io
import re
import sys
from contextlib import suppress
from typing import Any, Literal, TextIO

# What the reader of a pipe that was closed leaves behind; Windows says the second one.
_CLOSED = (errno.EPIPE, errno.EINVAL)


# Control characters, which a name in a file may contain: a terminal would obey them.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text with control characters escaped as in JSON, but for tab and end of line.

    Examples:
        >>> printable("price \x1b[2J")
        'price \\\\u001b[2J'
    """
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class _Printable(io.TextIOWrapper):
    """Writes printable text alone."""

    def write(self, text: str) -> int:
        super().write(printable(text))
        return len(text)

    def close(self) -> None:
        """The stream below belongs to the interpreter."""
        with suppress(ValueError):
            self.flush()


class _Pipe(io.FileIO):
    """A pipe whose reader may stop reading, as `head` does: the rest is discarded."""

    def write(self, content: Any) -> int:
        try:
            return super().write(content) or 0
        except OSError as error:
            if error.errno not in _CLOSED:
                raise
            return memoryview(content).nbytes


def make_output_robust() -> None:
    """Escape what a terminal cannot show or would obey; let the reader of a pipe stop reading.

    Streams that a test or another program put in their place stay as they are.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not getattr(sys, f"__{name}__") or not isinstance(stream, io.TextIOWrapper):
            continue
        stream.reconfigure(errors="backslashreplace")
        buffer: Any = stream.buffer
        if not stream.isatty():
            buffer = io.BufferedWriter(_Pipe(stream.fileno(), "w", closefd=False))
        by_line = name == "stderr" or stream.isatty()
        wrapped = _Printable(buffer, stream.encoding, stream.errors, line_buffering=by_line)
        setattr(sys, name, wrapped)


def styled(name: Literal["stdout", "stderr"]) -> TextIO:
    """The same stream for output with colours; text from elsewhere has to be made `printable`."""
    stream: TextIO = getattr(sys, name)
    original: TextIO = getattr(sys, f"__{name}__")
    return original if isinstance(stream, _Printable) and stream.isatty() else stream
