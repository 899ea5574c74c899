"""Signals for a server and its children."""

import os
import signal
from pathlib import Path


def freeze(process: int) -> None:
    """Stop them: connections stay, and nobody answers."""
    _signal(process, signal.SIGSTOP)


def thaw(process: int) -> None:
    _signal(process, signal.SIGCONT)


def _signal(process: int, number: signal.Signals) -> None:
    for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
        _signal(int(child), number)
    os.kill(process, number)
