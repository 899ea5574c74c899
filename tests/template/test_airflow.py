"""The DAGs of a rendered project, run by Airflow in its own environment."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import baked
from scheduled import SECONDS, Scheduled, addresses, changed, started, wait

import toolbox
from behaviour import PACKAGE

pytestmark = pytest.mark.real

PREFIX = f"{PACKAGE.upper()}__"
SETTINGS = {
    f"{PREFIX}SOURCE": "sample://flights?until=2013-03-01&rows_per_month=2000",
    f"{PREFIX}ALERTS__FILE": "var/alerts.jsonl",
}


@pytest.fixture(scope="module")
def scheduled(cookies_session: Any, tmp_path_factory: pytest.TempPathFactory) -> Scheduled:
    root = baked(cookies_session, {"orchestrator": "airflow"})
    root = root.rename(tmp_path_factory.mktemp("airflow") / root.name)
    env = {**toolbox.environment(), **SETTINGS}
    subprocess.run(["make", "--no-print-directory", "install"], cwd=root, env=env, check=True)
    return Scheduled(root, env)


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


def test_three_dates_are_run_again_and_a_killed_task_is_tried_again(
    scheduled: Scheduled, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    before = len(scheduled.ask("models")["versions"])
    dates = "--from-date 2013-02-18 --to-date 2013-03-04 --max-active-runs 1"
    create = f"backfill create --dag-id training {dates}"
    for words in ("dags reserialize", "dags unpause --yes training", create):
        done = scheduled.make(words)
        assert done.returncode == 0, done.stdout + done.stderr
    with started(scheduled, log) as process:
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
