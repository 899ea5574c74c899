"""Programs with all processes that they start, ended together: each leads a session."""

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
def sessions(
    commands: Sequence[Sequence[str | Path]], env: Mapping[str, str]
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run programs until the block is left; Ctrl-C, SIGTERM and SIGHUP leave it."""
    for kind in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, signal.default_int_handler)
    leaders: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            leaders.append(subprocess.Popen(command, env=env, start_new_session=True))
        yield leaders
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would leave some running
        _end(leaders)


def _end(leaders: Sequence[subprocess.Popen[bytes]]) -> None:
    ids = [leader.pid for leader in leaders]
    for kind in (signal.SIGTERM, signal.SIGKILL):
        for process in members(*ids):
            with suppress(ProcessLookupError):
                os.kill(process, kind)
        until = time.monotonic() + _SECONDS
        while members(*ids) and time.monotonic() < until:
            for leader in leaders:
                leader.poll()
            time.sleep(0.2)


def members(*leaders: int) -> list[int]:
    """The processes of the sessions that these processes lead."""
    found = []
    for process in _processes():
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(process) in leaders:
                found.append(process)
    return found


def _processes() -> list[int]:
    if os.path.exists("/proc/self"):
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    listed = subprocess.run(["ps", "-A", "-o", "pid="], stdout=subprocess.PIPE, check=True)
    return [int(process) for process in listed.stdout.split()]
