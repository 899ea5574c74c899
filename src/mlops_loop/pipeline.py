"""The building blocks of a project's `pipeline.py`, in the order in which it uses them.

Importing it takes the libraries that training takes.
"""

from .composition import Pipeline
from .data.ingestion import ingest_sources
from .data.sources import open_source
from .evaluation.gate import apply_rules
from .evaluation.holdout_evaluation import evaluate_on_holdout, log_decision
from .references import DecisionRef, RunRef, SnapshotRef
from .registry import Version
from .registry.registration import register_version
from .registry.role import assign_role
from .training.cross_validation import cross_validate
from .training.data import encode, split
from .training.exported import export_onnx
from .training.final_fit import fit_best
from .training.mlflow_logging import (
    connect_mlflow,
    lineage_tags,
    log_exported_model,
    log_leaderboard,
)
from .training.tuning import tune_all

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
    "export_onnx",
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
