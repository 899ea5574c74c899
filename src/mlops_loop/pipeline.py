"""The building blocks of a project's `pipeline.py`.

Held-out rows are only accepted by `export_model`, which does not read their labels, and by
`evaluate_on_holdout`; `register_version` needs the decision of the gate about the same model.

Examples: Fit, evaluate and register on the latest snapshot.
    >>> import mlflow
    >>> from mlops_loop.evaluation import BetterThanBaseline, log_loss
    >>> from mlops_loop.models import baseline
    >>> snapshot = SnapshotRef.latest(project)
    >>> data = encode(split(snapshot.load(project)), project.features)
    >>> connect_mlflow(project)
    >>> with mlflow.start_run(run_name="train", tags=lineage_tags(project, snapshot)):
    ...     candidates = [baseline.dummy(), baseline.linear()]
    ...     leaderboard = cross_validate(candidates, data.train, log_loss)
    ...     log_leaderboard(leaderboard)
    ...     model = fit_best(leaderboard, data.train, calibrate=True)
    ...     run = log_exported_model(project, export_model(model, parity=data.holdout))
    >>> connect_mlflow(project, run)
    >>> with mlflow.start_run(run_id=run.run_id):
    ...     evaluation = evaluate_on_holdout(project, run, log_loss)
    ...     result = apply_rules(evaluation.comparison, [BetterThanBaseline()])
    ...     decision = log_decision(project, evaluation, result)
    >>> version = assign_role(project, register_version(project, decision))
    >>> version.tags["gate"]
    'passed'
"""

from ._composition import Pipeline
from ._references import DecisionRef, RunRef, SnapshotRef
from ._training.cross_validation import cross_validate
from ._training.data import encode, split
from ._training.export import export_model
from ._training.final_fit import fit_best
from ._training.mlflow_logging import (
    connect_mlflow,
    lineage_tags,
    log_exported_model,
    log_leaderboard,
)
from ._training.tuning import tune_all
from .data._ingestion import ingest_sources
from .data._sources import open_source
from .evaluation._decision_logging import log_decision
from .evaluation._gate import apply_rules
from .evaluation._holdout_evaluation import evaluate_on_holdout
from .registry import Version
from .registry._registration import register_version
from .registry._role import assign_role

__all__ = [
    "DecisionRef",
    "Pipeline",
    "RunRef",
    "SnapshotRef",
    "Version",
    "apply_rules",
    "assign_role",
    "connect_mlflow",
    "cross_validate",
    "encode",
    "evaluate_on_holdout",
    "export_model",
    "fit_best",
    "ingest_sources",
    "lineage_tags",
    "log_decision",
    "log_exported_model",
    "log_leaderboard",
    "open_source",
    "register_version",
    "split",
    "tune_all",
]
