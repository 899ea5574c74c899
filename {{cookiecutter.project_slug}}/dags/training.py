"""Trains a version every week: one task for each stage of `pipeline.py`.

`ingest` validates the rows up to the end of the run's week, and quarantines rejected ones.
`register` also publishes the version, and gives it the role of `loop.promotion` in the settings. If
the gate rejects the model, `register` is skipped and the run is successful. Tasks pass references
on, a few lines of JSON, and may be tried again: a model is registered once.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable, chain, dag, task
from project_command import TASK_ARGS, deadline, run


@dag(
    schedule=CronDataIntervalTimetable("0 0 * * 1", timezone="UTC"),
    start_date=datetime(2013, 1, 1, tzinfo=UTC),  # the earliest date of a backfill
    catchup=False,
    max_active_runs=1,
    default_args=TASK_ARGS,
    deadline=deadline(timedelta(hours=6)),
)
def training() -> None:
    @task
    def ingest(**context: Any) -> str:
        until = context.get("data_interval_end") or context["dag_run"].run_after
        return run("ingest", "--until", until.isoformat(), "--json")

    @task
    def fit(snapshot: str) -> str:
        return run("fit", "--from", "-", "--json", given=snapshot)

    @task
    def evaluate(fitted: str) -> str:
        return run("evaluate", "--from", "-", "--json", given=fitted)

    @task.short_circuit
    def gate(decision: str) -> bool:
        return bool(json.loads(decision)["passed"])

    @task
    def register(decision: str) -> str:
        return run("register", "--from", "-", "--json", given=decision)

    decision = evaluate(fit(ingest()))
    chain(gate(decision), register(decision))


training()
