"""A program with all processes that it starts, ended together: they are one session."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

# How long the processes may take to end by themselves.
_SECONDS = 20.0


@contextmanager
def session(
    command: Sequence[str | Path], env: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the block is left; Ctrl-C, SIGTERM and SIGHUP leave it."""
    for kind in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, signal.default_int_handler)
    process = subprocess.Popen(command, env=env, start_new_session=True)
    try:
        yield process
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would leave some running
        _end(process)


def _end(leader: subprocess.Popen[bytes]) -> None:
    for kind in (signal.SIGTERM, signal.SIGKILL):
        for process in members(leader.pid):
            with suppress(ProcessLookupError):
                os.kill(process, kind)
        until = time.monotonic() + _SECONDS
        while members(leader.pid) and time.monotonic() < until:
            leader.poll()
            time.sleep(0.2)


def members(leader: int) -> list[int]:
    """The processes of the session that a process leads."""
    found = []
    for process in _processes():
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(process) == leader:
                found.append(process)
    return found


def _processes() -> list[int]:
    if os.path.exists("/proc/self"):
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    listed = subprocess.run(["ps", "-A", "-o", "pid="], stdout=subprocess.PIPE, check=True)
    return [int(process) for process in listed.stdout.split()]
