"""An installed project with Airflow beside it: its commands, its database and its processes."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import toolbox
from behaviour import PACKAGE

SECONDS = 900


@dataclass(frozen=True)
class Scheduled:
    """An installed project with Airflow beside it."""

    root: Path
    env: dict[str, str]

    def make(self, words: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        """`make airflow`, with a command of Airflow."""
        return subprocess.run(
            ["make", "--no-print-directory", "airflow", f"ARGS={words}"],
            cwd=self.root,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

    def test(self, dag: str, date: str = "", **env: str) -> str:
        """The output of a run without a scheduler, which has to be successful."""
        done = self.make(f"dags test {dag} {date}", **env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def fails(self, dag: str, date: str = "", **env: str) -> str:
        """The output of a run without a scheduler, which has to fail."""
        done = self.make(f"dags test {dag} {date}", **env)
        assert done.returncode, done.stdout + done.stderr
        return done.stdout + done.stderr

    def select(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        """Rows of Airflow's database."""
        database = self.root / ".airflow" / "home" / "airflow.db"
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()

    def states(self, dag: str) -> dict[str, list[str]]:
        """The states of the tasks of the latest run."""
        rows = self.select(
            "select task_id, state from task_instance where run_id = "
            "(select run_id from dag_run where dag_id = ? order by id desc limit 1) and dag_id = ? "
            "order by task_id, map_index",
            dag,
            dag,
        )
        found: dict[str, list[str]] = {}
        for task, state in rows:
            found.setdefault(task, []).append(state)
        return found

    def ask(self, *words: str) -> Any:
        """The JSON of a command of the project."""
        python = toolbox.load_installer().executable(self.root / ".venv", "python")
        command = [python, "-m", PACKAGE, *words, "--json"]
        return json.loads(subprocess.check_output(command, cwd=self.root, env=self.env))

    def alerts(self) -> str:
        path = self.root / "var" / "alerts.jsonl"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def processes(self, *words: str) -> list[int]:
        """The processes whose command line names this folder, and all of these words."""
        listed = subprocess.check_output(["ps", "-A", "-ww", "-o", "pid=,args="], text=True)
        lines = [line.split(maxsplit=1) for line in listed.splitlines() if str(self.root) in line]
        return [int(pid) for pid, line in lines if all(word in line for word in words)]


@contextmanager
def changed(path: Path, text: str | None) -> Iterator[None]:
    """A file or folder with another content, or without the one it has."""
    aside = path.with_name(f"{path.name}.aside")
    if path.exists():
        path.rename(aside)
    if text is not None:
        path.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        if aside.exists():
            aside.rename(path)


@contextmanager
def started(scheduled: Scheduled, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`make airflow`, ready; ended by what is tested, or at the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    env = {**scheduled.env, "AIRFLOW__API__PORT": port}
    with log.open("wb") as file:
        # In a session of its own, so that Ctrl-C reaches it as in a terminal, and no test. A shell
        # that starts the tests in the background would have it ignored.
        process = subprocess.Popen(
            ["make", "airflow"],
            cwd=scheduled.root,
            env=env,
            stdout=file,
            stderr=file,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            wait(lambda: "Airflow is ready: http" in log.read_text(errors="replace"), log)
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            process.wait(60)


def addresses(root: Path) -> set[str]:
    """Where the processes of a folder listen, in the hexadecimal words of Linux."""
    files = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if (process / "cwd").readlink() == root.resolve():
                files |= {str(file.readlink()) for file in (process / "fd").iterdir()}
    tables = [Path("/proc/net", name).read_text("utf-8") for name in ("tcp", "tcp6")]
    sockets = [line.split() for table in tables for line in table.splitlines()[1:]]
    listening = [each for each in sockets if each[3] == "0A" and f"socket:[{each[9]}]" in files]
    return {each[1].partition(":")[0] for each in listening}


def wait(condition: Callable[[], object], log: Path) -> None:
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, log.read_text(errors="replace")[-4000:]
        time.sleep(1)
