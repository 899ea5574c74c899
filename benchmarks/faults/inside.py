"""What only the project itself can tell; run by its interpreter.

    python inside.py QUESTION [ARGUMENT]   prints one JSON document

rows COUNT   rows to ask about, and what each published version answers to them
address      of the prediction log, as the settings name it
event        the columns with the time and the id of the event
logged       the ids that the prediction log holds, and how many and how many labels it counts
decisions    the audit log, the attempts at training, and the pointer
point        reads rollouts, a line each, and puts them in force

backwards FLAG PORT serves with a clock that is an hour behind while the file FLAG is there.
"""

import json
import sys
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from my_ml_project.project import project


def rows(count: int) -> dict[str, Any]:
    """Held-out rows of the newest version, as a caller would send them."""
    from mlops_loop._bundle import read_bundle
    from mlops_loop._predictor import BundlePredictor
    from mlops_loop.contract._check import check_rows
    from mlops_loop.contract._columns import to_rows
    from mlops_loop.monitoring._samples import reference_sample

    contract = project.contract
    manifests = (project.root / project.settings.bundle_store).glob("*/bundle.json")
    bundles = [read_bundle(path.parent) for path in sorted(manifests)]
    columns = reference_sample(contract, bundles[-1], count, seed=1).columns
    asked = to_rows(contract.inputs, columns)
    if contract.id is not None:  # which the reference leaves out
        asked = [{**row, contract.id.name: f"row-{number}"} for number, row in enumerate(asked)]
    checked = check_rows(contract, asked)
    answers = {}
    for bundle in bundles:
        found = BundlePredictor(bundle, project.features).predict(checked.columns)
        shares = found.probabilities
        answers[bundle.manifest.version] = found.values if shares is None else shares.tolist()
    return {"rows": asked, "answers": answers}


def address() -> str:
    return str(project.settings.prediction_log)


def event() -> list[str]:
    time, name = project.contract.time, project.contract.id
    assert time is not None and name is not None
    return [time.name, name.name]


def logged() -> dict[str, Any]:
    log = project.log
    try:
        ids = [row.record.prediction_id for row in log.rows(None, None)]
        totals = log.totals()
        return {
            "ids": ids,
            "predictions": totals.predictions,
            "labels": totals.labels,
            "backlog": log.backlog(),
        }
    finally:
        project.close()


def decisions() -> dict[str, Any]:
    """What the audit log, MLflow and the pointer say about what the loop has done."""
    from mlops_loop._run_context import ATTEMPT_TAG

    project.audit_log.verify()
    client = project.registry.tracking.client
    runs = client.search_runs([project.registry.tracking.experiment_id], max_results=10_000)
    return {
        "entries": [entry.to_json() for entry in project.audit_log.entries()],
        "versions": [
            {"version": found.version, "attempt": tags.get(ATTEMPT_TAG)}
            for found in project.registry.versions()
            for tags in [project.registry.run_tags(found.run_id)]
        ],
        "trainings": [
            {"attempt": run.data.tags[ATTEMPT_TAG], "began": run.info.start_time, "ended": ended}
            for run in runs
            if ATTEMPT_TAG in run.data.tags and (ended := run.info.end_time) is not None
        ],
        "champion": project.published().champion,
        "challenger": project.published().challenger,
    }


def point() -> None:
    from mlops_loop._publication import Rollout

    for line in sys.stdin:
        project.bundles.set_rollout(project.rollout_key, Rollout(**json.loads(line)))
        print("done", flush=True)


class BackwardsClock:
    """An hour behind while a file is there."""

    def __init__(self, flag: Path) -> None:
        self._flag = flag
        self._clock = project.clock

    def now(self) -> datetime:
        moment: datetime = self._clock.now()
        return moment - timedelta(hours=1) if self._flag.exists() else moment


def backwards(flag: str, port: str) -> None:
    from mlops_loop._logs import configure_logs
    from mlops_loop.serving._serve import serve

    configure_logs()
    project.clock = BackwardsClock(Path(flag))
    serve(project, port=int(port))


def main() -> None:
    question, *arguments = islice(sys.argv, 1, None)
    if question == "point":
        point()
    elif question == "backwards":
        backwards(*arguments)
    else:
        questions: dict[str, Any] = {
            "rows": rows,
            "address": address,
            "event": event,
            "logged": logged,
            "decisions": decisions,
        }
        print(json.dumps(questions[question](*map(int, arguments))))


if __name__ == "__main__":
    main()
