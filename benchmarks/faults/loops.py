"""Processes of `loop run` on a copy of the project, and how much memory a process takes."""

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import Any

from .service import resident_mb, terminate
from .stage import Stage
from .subject import PACKAGE, Subject

_LEFT_OUT = ("predictions.db*", ".venv")
_PATIENCE = 120.0
_LOOK_SECONDS = 2.0


def copy_project(stage: Stage, *, label_horizon: str = "1d") -> Path:
    """The project without its log, so that commands may change it."""
    root = stage.folder / "project"
    shutil.copytree(stage.subject.root, root, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    contract = root / "config/contract.yaml"
    text = contract.read_text(encoding="utf-8")
    horizon = f"label_horizon: {label_horizon} "
    contract.write_text(text.replace("label_horizon: 1d ", horizon), encoding="utf-8")
    return root


class Loop:
    """`loop run`, which starts, is killed and starts again.

    Attributes:
        name: for the table.
        log: what it has written; `said` is what it wrote since it was started last.
    """

    def __init__(
        self, name: str, subject: Subject, root: Path, settings: Mapping[str, str], log: Path
    ) -> None:
        self.name, self.log = name, log
        self._subject, self._root = subject, root
        self._env = {**subject.environment(settings), "MALLOC_ARENA_MAX": "1"}
        self._process: subprocess.Popen[bytes] | None = None
        self._begin = 0

    def start(self) -> None:
        self._begin = self.log.stat().st_size if self.log.exists() else 0
        command = [str(self._subject.python), "-m", PACKAGE, "loop", "run", "--every", "1"]
        with self.log.open("ab") as file:
            self._process = subprocess.Popen(
                command, cwd=self._root, env=self._env, stdout=file, stderr=file
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def said(self) -> str:
        return self.log.read_bytes()[self._begin :].decode(errors="replace")

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def restart(self) -> None:
        """Killed at once, and started again."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """SIGTERM, which lets go of the lease."""
        if self._process is not None:
            terminate(self._process, _PATIENCE)

    def is_warm(self) -> bool:
        """Whether it has retrained twice since it was started."""
        return self.said.count("  retrain    ") > 1


class Memory:
    """Resident megabytes of a process every two seconds, once it is warm.

    Args:
        name: of the process.
        pid: its id.
        is_warm: whether it has done everything once that it will do again.
    """

    def __init__(self, name: str, pid: int, is_warm: Callable[[], bool]) -> None:
        self._name, self._pid, self._is_warm = name, pid, is_warm
        self._found: list[float] = []
        self._stopped = Event()
        self._thread = Thread(target=self._look, name=f"memory of {name}")

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stopped.set()
        self._thread.join()

    def growth(self) -> tuple[str, float | None]:
        """In words, and as a share: of the first third's median; None if it never was warm."""
        third = len(self._found) // 3
        if not third:
            return f"{self._name}: not warm, let it run longer", None
        first, last = median(self._found[:third]), median(self._found[-third:])
        return f"{self._name}: {first:.0f} to {last:.0f} MB", last / first - 1

    def _look(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            if self._found or self._is_warm():
                try:
                    self._found.append(resident_mb(self._pid))
                except OSError:
                    return  # ended


def wait_for(is_done: Callable[[], bool], seconds: float = _PATIENCE) -> bool:
    until = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True
