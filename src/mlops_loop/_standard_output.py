"""Standard output for any terminal and any reader."""

import errno
import io
import sys
from typing import Any

# What the reader of a pipe that was closed leaves behind; Windows says the second one.
_CLOSED = (errno.EPIPE, errno.EINVAL)


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
    """Escape what a terminal cannot show, and let the reader of a pipe stop reading.

    Streams that a test or another program put in their place stay as they are.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not getattr(sys, f"__{name}__") or not isinstance(stream, io.TextIOWrapper):
            continue
        stream.reconfigure(errors="backslashreplace")
        if not stream.isatty():
            pipe = _Pipe(stream.fileno(), "w", closefd=False)
            buffered = io.BufferedWriter(pipe)
            wrapped = io.TextIOWrapper(
                buffered, stream.encoding, stream.errors, line_buffering=name == "stderr"
            )
            setattr(sys, name, wrapped)
