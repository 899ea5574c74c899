"""Runs commands of the project for Airflow's tasks, in the project's own environment.

The messages of a command go to the log of its task, and what it prints is the task's result: small,
e.g. the reference that the next stage takes. Its exit code decides about the task:

| exit code  | command                                     | task                           |
| ---------- | ------------------------------------------- | ------------------------------ |
| 0, 3       | done; 3 if a check failed, e.g. the gate    | successful                     |
| 2          | user error, e.g. a contract that is missing | failed, and not tried again    |
| any other  | internal error, or killed                   | failed, tried again            |
"""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DeadlineAlert, DeadlineReference, SyncCallback
from airflow.sdk.exceptions import AirflowException, AirflowFailException

PACKAGE = "{{ cookiecutter.package_name }}"
# Where the DAGs are not in the project's folder, the environment of Airflow names it.
ROOT = Path(os.environ.get(f"{PACKAGE.upper()}__ROOT", Path(__file__).resolve().parents[1]))
PYTHON = ROOT / ".venv" / "bin" / "python"


def run(*words: str, given: str | None = None) -> str:
    """Run a command of the project, e.g. `run("ingest", "--json")`.

    Args:
        words: the command with its options.
        given: its standard input.

    Returns:
        What it prints.
    """
    if not PYTHON.exists():
        raise AirflowFailException(f"{PYTHON} does not exist: run `make install` in {ROOT}")
    done = subprocess.run(
        [PYTHON, "-m", PACKAGE, *words],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        input=given or "",
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode in (0, 3):
        return done.stdout.strip()
    message = f"`{words[0]}` ended with exit code {done.returncode}; its reason is in the log above"
    if done.returncode == 2:
        raise AirflowFailException(message)
    raise AirflowException(message)


def alert_about_failure(context: Any) -> None:
    """Alert the project's receivers, those of `alerts` in the settings and of monitoring.py."""
    task = context["task_instance"]
    reason = context.get("exception") or "its process ended"
    run("alert", f"{task.dag_id}: task {task.task_id} failed in {task.run_id}: {reason}")


# Of every task: a DAG's `default_args`.
TASK_ARGS = {
    "retries": 2,
    "retry_delay": timedelta(minutes=1),
    "on_failure_callback": alert_about_failure,
}


def alert_about_delay(context: Any) -> None:
    """Alert the same receivers about a run that has missed its deadline."""
    missed = context["dag_run"]
    run("alert", f"{missed['dag_id']}: run {missed['dag_run_id']} has missed its deadline")


def deadline(duration: timedelta) -> DeadlineAlert | None:
    """Alert about a run that takes longer; the run goes on.

    None for `airflow dags test`, which fails with a deadline: apache/airflow#73428, in 3.3.2.
    """
    if sys.argv[1:3] == ["dags", "test"]:
        return None
    return DeadlineAlert(
        DeadlineReference.DAGRUN_QUEUED_AT, duration, SyncCallback(alert_about_delay)
    )
