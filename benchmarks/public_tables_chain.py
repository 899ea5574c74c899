"""Stages after `adopt` in a project, and plain scikit-learn on its split: `public_tables.py`."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from common import load_project
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from mlops_loop.models import predict_scores
from mlops_loop.pipeline import encode, split
from mlops_loop.registry._attempt import gate_result
from mlops_loop.registry._registration import read_leaderboard


def plain(data: Any, metric: Any, *, categories: bool) -> float | None:
    """The metric of scikit-learn's defaults on the same rows; None if it cannot take the table."""
    train, holdout = data.train, data.holdout
    kind = HistGradientBoostingClassifier if train.classes else HistGradientBoostingRegressor
    declared = list(train.task.encoder.categorical) if categories else None
    try:
        trees = kind(random_state=1, categorical_features=declared).fit(train.matrix, train.labels)
    except ValueError:  # more than 255 levels
        return None
    return float(metric.value(holdout.labels, predict_scores(trees, holdout.matrix, train.classes)))


def main(root: Path, *, tune: bool) -> dict[str, Any]:
    project = load_project(root)
    from my_ml_project.metrics import METRIC
    from my_ml_project.pipeline import PIPELINE

    began = time.perf_counter()
    snapshot = PIPELINE.ingest(project)
    version = PIPELINE.train(project, snapshot, tune=tune)
    seconds = time.perf_counter() - began
    gate = gate_result(project.registry, version)
    board = read_leaderboard(project.registry, version.run_id)
    data = encode(split(snapshot.load(project)), project.features)
    metric = METRIC.for_problem(project.contract.problem)
    return {
        "metric": metric.name,
        "candidate": board.winner.candidate,
        "passed": gate.passed,
        "ours": gate.metrics["score"],
        "plain": plain(data, metric, categories=False),
        "plain with categories": plain(data, metric, categories=True),
        "holdout": len(data.holdout.labels),
        "seconds": seconds,
    }


if __name__ == "__main__":
    result = main(Path(sys.argv[1]), tune="--tune" in sys.argv[3:])
    Path(sys.argv[2]).write_text(json.dumps(result), encoding="utf-8")
