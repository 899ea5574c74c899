"""The DAGs of a rendered project, run by Airflow in its own environment."""

import json
import os
import re
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

import pytest
from conftest import baked

import toolbox
from behaviour import PACKAGE

pytestmark = pytest.mark.real

SECONDS = 900
PREFIX = f"{PACKAGE.upper()}__"
SETTINGS = {
    f"{PREFIX}SOURCE": "sample://flights?until=2013-03-01&rows_per_month=2000",
    f"{PREFIX}ALERTS__FILE": "var/alerts.jsonl",
    # The sample ended long ago, so that by the clock there would always be more to train on.
    f"{PREFIX}LOOP__GROWTH": "1000000",
}


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


@pytest.fixture(scope="module")
def scheduled(cookies_session: Any, tmp_path_factory: pytest.TempPathFactory) -> Scheduled:
    root = baked(cookies_session, {"orchestrator": "airflow"})
    root = root.rename(tmp_path_factory.mktemp("airflow") / root.name)
    env = {**toolbox.environment(), **SETTINGS}
    subprocess.run(["make", "--no-print-directory", "install"], cwd=root, env=env, check=True)
    return Scheduled(root, env)


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


def test_the_dags_can_be_imported(scheduled: Scheduled) -> None:
    done = scheduled.make("dags list-import-errors --local")
    assert done.returncode == 0, done.stdout + done.stderr
    again = scheduled.make("dags list --local")
    assert "is set up" not in again.stderr
    assert {"training", "scoring", "monitoring"} <= set(re.findall(r"^(\w+) ", again.stdout, re.M))


def test_monitoring_retrains_if_the_loop_decides_so(scheduled: Scheduled) -> None:
    scheduled.test("monitoring")
    assert scheduled.states("monitoring") == {
        "wait_for_labels": ["success"],
        "check": ["success"],
        "retraining_is_due": ["success"],
        "retrain": ["success"],
    }
    kinds = [entry["kind"] for entry in scheduled.ask("loop", "history")["entries"]]
    assert kinds == ["retrain", "promote"]  # the first model
    scheduled.test("monitoring")
    assert scheduled.states("monitoring")["retrain"] == ["skipped"]


def test_training_ends_with_a_registered_version(scheduled: Scheduled) -> None:
    before = len(scheduled.ask("models")["versions"])
    output = scheduled.test("training", "2013-03-05")
    tasks = ["ingest", "fit", "evaluate", "gate", "register"]
    assert scheduled.states("training") == dict.fromkeys(tasks, ["success"])
    assert '"digest": ' in output  # what passes from task to task
    assert len(scheduled.ask("models")["versions"]) == before + 1


def test_a_model_that_the_gate_rejects_is_not_registered(scheduled: Scheduled) -> None:
    before = scheduled.ask("models")
    scheduled.test("training", "2013-03-06", **{f"{PREFIX}GATE__MAX_SIZE": "1"})
    states = scheduled.states("training")
    assert (states["evaluate"], states["gate"]) == (["success"], ["success"])
    assert states["register"] == ["skipped"]
    assert len(scheduled.ask("models")["versions"]) == len(before["versions"])


def test_each_file_is_scored_by_a_task_of_its_own(scheduled: Scheduled) -> None:
    python = toolbox.load_installer().executable(scheduled.root / ".venv", "python")
    incoming = scheduled.root / "incoming" / "2013-03-01"
    incoming.mkdir(parents=True)
    code = (
        "import sys, pyarrow.parquet as pq\n"
        "table = pq.read_table(sys.argv[1]).slice(0, 500)\n"
        "for n in range(2): pq.write_table(table.slice(250 * n, 250), f'{sys.argv[2]}/{n}.parquet')"
    )
    snapshot = next((scheduled.root / "var" / "snapshots").glob("*.parquet"))
    subprocess.run([python, "-c", code, snapshot, incoming], check=True)
    for name in (".DS_Store", ".0.parquet.crc", "~$rows.xlsx"):
        (incoming / name).write_bytes(b"no table")
    (incoming / ".ipynb_checkpoints").mkdir()
    output = scheduled.test("scoring", "2013-03-02")
    assert scheduled.states("scoring")["score"] == ["success", "success"]
    assert output.count("250 of 250 rows predicted") == 2
    scored = scheduled.root / "var" / "scored" / "2013-03-01"
    assert sorted(path.name for path in scored.iterdir()) == ["0.parquet", "1.parquet"]
    output = scheduled.test("scoring", "2013-03-03")
    assert "nothing to score: there is no file in" in output
    assert scheduled.states("scoring") == {"find_files": ["skipped"], "score": ["skipped"]}


def test_a_user_error_fails_at_once_with_its_reason_and_an_alert(
    scheduled: Scheduled, tmp_path: Path
) -> None:
    output = scheduled.fails("training", "2013-03-07", **{f"{PREFIX}SOURCE": "missing.csv"})
    assert "`ingest` ended with exit code 2; its reason is in the log above" in output
    assert "error: " in output and "missing.csv" in output
    assert scheduled.states("training")["ingest"] == ["failed"]
    assert "training: task ingest failed in" in scheduled.alerts()
    with changed(scheduled.root / "config" / "contract.yaml", None):
        output = scheduled.fails("training", "2013-03-07")
    assert "contract.yaml" in output and "exit code 2" in output
    elsewhere = {f"{PREFIX}ROOT": str(tmp_path)}  # a worker without the project
    output = scheduled.fails("training", "2013-03-07", **elsewhere)
    assert f"does not exist: run `make install` in {tmp_path}" in output


def test_a_dag_with_a_cycle_is_named_before_anything_starts(scheduled: Scheduled) -> None:
    cycle = (
        "from airflow.sdk import chain, dag, task\n\n\n"
        "@dag\ndef cycle():\n"
        "    @task\n    def one(): ...\n\n    @task\n    def other(): ...\n\n"
        "    first, second = one(), other()\n    chain(first, second, first)\n\n\ncycle()\n"
    )
    with changed(scheduled.root / "dags" / "cycle.py", cycle):
        done = scheduled.make()
    assert done.returncode and "a DAG cannot be imported: correct it" in done.stderr
    assert "cycle.py" in done.stderr and "Cycle detected" in done.stderr
    assert scheduled.processes("airflow") == []


def test_a_port_that_is_in_use_is_named(scheduled: Scheduled) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = scheduled.make(AIRFLOW__API__PORT=port)
    assert f"port {port} is in use: set AIRFLOW__API__PORT to another one" in done.stderr


@contextmanager
def started(scheduled: Scheduled, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`make airflow`, ready; ended by what is tested, or at the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    env = {**scheduled.env, "AIRFLOW__API__PORT": port}
    with log.open("wb") as file:
        # In a session of its own, so that Ctrl-C reaches it as in a terminal, and no test.
        process = subprocess.Popen(
            ["make", "airflow"],
            cwd=scheduled.root,
            env=env,
            stdout=file,
            stderr=file,
            start_new_session=True,
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


def test_three_dates_are_run_again_and_a_killed_task_is_tried_again(
    scheduled: Scheduled, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    before = len(scheduled.ask("models")["versions"])
    dates = "--from-date 2013-02-18 --to-date 2013-03-04 --max-active-runs 1"
    with started(scheduled, log) as process:
        assert scheduled.make("dags unpause --yes training").returncode == 0
        created = scheduled.make(f"backfill create --dag-id training {dates}")
        assert created.returncode == 0, created.stdout + created.stderr
        wait(lambda: scheduled.processes(PACKAGE, "register"), log)
        if Path("/proc/net/tcp").exists():
            assert addresses(scheduled.root) == {"0100007F"}  # 127.0.0.1, during a task
        os.kill(scheduled.processes(PACKAGE, "register")[0], signal.SIGKILL)
        finished = "select state from dag_run where dag_id = 'training' and run_type != 'manual'"
        wait(lambda: [*set(scheduled.select(finished))] == [("success",)], log)
        assert len(scheduled.select(f"{finished} and run_type = 'backfill'")) == 3
        tries = "select max(try_number) from task_instance where task_id = 'register'"
        assert scheduled.select(tries) == [(2,)]
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
    assert "Airflow has ended" in log.read_text(errors="replace")
    assert scheduled.processes() == []
    snapshots = scheduled.select(
        "select distinct value from xcom where task_id = 'ingest' and run_id like 'backfill%'"
    )
    assert len(snapshots) == 2  # the sample ends on a Friday, before the last two
    # One version for each model that passed the gate, also in the run of the current week.
    ((registered,),) = scheduled.select(
        "select count(*) from task_instance where task_id = 'register' and state = 'success' "
        "and run_id not like 'manual%'"
    )
    assert len(scheduled.ask("models")["versions"]) == before + registered


def test_a_scheduler_that_dies_ends_all_with_a_sentence(
    scheduled: Scheduled, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with started(scheduled, log) as process:
        os.kill(scheduled.processes("airflow scheduler")[0], signal.SIGKILL)
        assert process.wait(SECONDS)
    assert "the scheduler of Airflow has ended; its reason is above" in log.read_text("utf-8")
    assert scheduled.processes() == []
