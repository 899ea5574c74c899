"""Monitors every day, and retrains if the loop decides so: `loop step` in two tasks.

`check` does all that is due, and leaves a retraining to `retrain`; both hold the loop's lease, so
that a `loop run` elsewhere, or the same step by hand, never retrains at the same time. Cooldown,
budget, trials and promotion are those of the loop, see `docs loop`.
"""

import json
from datetime import UTC, datetime, timedelta

from airflow.sdk import chain, dag, task
from project_command import TASK_ARGS, deadline, run

# The share of the predictions of a window that should have a label before they are examined.
LABELLED = 0.9


@dag(
    schedule="0 6 * * *",
    start_date=datetime(2013, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_ARGS,
    deadline=deadline(timedelta(hours=24)),
)
def monitoring() -> None:
    # Labels that are still missing after twelve hours do not keep the rest from being checked.
    @task.sensor(mode="reschedule", poke_interval=1800, timeout=12 * 3600, soft_fail=True)
    def wait_for_labels() -> bool:
        return bool(json.loads(run("log", "labels", "--json"))["share"] >= LABELLED)

    @task(trigger_rule="none_failed")
    def check() -> str:
        return run("loop", "step", "--no-retrain", "--json")

    @task.short_circuit
    def retraining_is_due(step: str) -> bool:
        return json.loads(step)["retraining"] is not None

    @task
    def retrain() -> str:
        return run("loop", "step", "--json")

    step = check()
    chain(wait_for_labels(), step)
    chain(retraining_is_due(step), retrain())


monitoring()
