"""The loop of a played project beside rules that retrain differently, on the same rows.

Takes a rendered project whose loop was replayed, and its interpreter. On the first day of each
month a version is trained by the project's own pipeline on all rows whose labels were known. On the
rows of the log of each month it scores: the version that the loop served; the first one, never
retrained; the newest one, as if each month's version served without gate and trial; and the best of
those that existed, which nobody could have known. Metrics are log loss and AUC, means over months.
"""

import argparse
import json
from pathlib import Path
from statistics import mean
from typing import Any

from common import load_project

RULES = ("never retrained", "the loop", "every month, without a trial", "oracle")


class Version:
    """A version that was trained at the beginning of a month."""

    def __init__(self, project: Any, until: Any) -> None:
        import mlflow
        from my_ml_project.pipeline import fit, ingest

        from mlops_loop._bundle import ENCODER
        from mlops_loop._encoder import Encoder
        from mlops_loop._formats import EXPORTED_MODEL
        from mlops_loop._model_session import open_session
        from mlops_loop._run_files import EXPORTED, FACTS, ExportedFacts, RunFiles

        self._project = project
        # The rows of the past, as a replay has them; nothing of the log.
        source = project.settings.replay.source
        snapshot = ingest(project, source=f"{source}?until={until:%Y-%m-%d}", until=until)
        run = fit(project, snapshot)
        assert mlflow.active_run() is None
        files = RunFiles.read(project.registry, run.run_id, EXPORTED, run.files).content
        self._encoder = Encoder.from_json(files[ENCODER])
        facts = EXPORTED_MODEL.decode(files[FACTS], ExportedFacts, FACTS)
        self._session = open_session(facts.model(files), threads=2, trusted_types=())

    def scores(self, columns: Any) -> Any:
        matrix = self._encoder.encode(self._project.features.apply(columns))
        return self._session.run(matrix)


def months(project: Any) -> list[tuple[Any, Any]]:
    from mlops_loop._loop_replay.run import _months

    return list(_months(project.settings.replay))


def measure(project: Any) -> list[dict[str, Any]]:
    """One entry a month: each metric of each rule."""
    from mlops_loop._loop_replay.report.logged_rows import columns_and_labels, logged_scores
    from mlops_loop.evaluation import log_loss, roc_auc

    versions: list[Version] = []
    found = []
    for since, until in months(project):
        rows = [row for row in project.log.rows(since, until, labelled=True)]
        versions.append(Version(project, since - project.contract.label_horizon))
        columns, labels = columns_and_labels(project.contract, rows)
        scores = [version.scores(columns) for version in versions]
        best = min(scores, key=lambda each: log_loss.value(labels, each))
        answers = dict(zip(RULES, (scores[0], logged_scores(rows), scores[-1], best), strict=True))
        figures = {
            metric.name: {rule: metric.value(labels, each) for rule, each in answers.items()}
            for metric in (log_loss, roc_auc)
        }
        found.append({"month": f"{since:%B}", "since": since.isoformat(), **figures})
        print(found[-1]["month"], {rule: round(v, 4) for rule, v in figures["log_loss"].items()})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="a rendered project whose loop was replayed")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    project = load_project(options.project.resolve())
    found = measure(project)
    later = project.settings.replay.report_from.isoformat()
    parts = {
        "all months": found,
        "evaluated months": [each for each in found if each["since"] >= later],
    }
    print("\n| | | " + " | ".join(RULES) + " |\n| --- | --- |" + " --- |" * len(RULES))
    for name, chosen in parts.items():
        for metric in ("log_loss", "roc_auc"):
            means = [mean(each[metric][rule] for each in chosen) for rule in RULES]
            print(f"| {name} | {metric} | " + " | ".join(f"{value:.4f}" for value in means) + " |")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
