"""Logging of `fit` to MLflow, by the same fluent API that a project uses for its own calls."""

import io
import json

import mlflow
import numpy as np
import pyarrow.parquet as pq
from mlflow.entities import Dataset, DatasetInput, InputTag

from .._bundle import CONTRACT, ENCODER
from .._code_version import code_tags
from .._formats import EXPORTED_MODEL
from .._packaging import installed_library
from .._project import Project
from .._references import RunRef, SnapshotRef, require_run_ref
from .._run_context import ATTEMPT_TAG
from .._run_files import BASELINE, EXPORTED, FACTS, HOLDOUT, ExportedFacts, RunFiles
from ..contract._arrow import to_arrow
from .data import event_time
from .export import ExportedModel
from .leaderboard import Leaderboard, Row
from .leaderboard_chart import draw_leaderboard

LEADERBOARD = "leaderboard.json"


def connect_mlflow(project: Project, run: RunRef | None = None) -> None:
    """Set the tracking store and the experiment of MLflow's fluent API to those of the project.

    Args:
        project: the project; `tracking` of its settings names both.
        run: a run to resume with `mlflow.start_run(run_id=run.run_id)`.

    Raises:
        RegistryError: if the store cannot be opened, or there is no such run.
    """
    if run is not None:
        require_run_ref(run)
    project.registry.connect(None if run is None else run.run_id)


def lineage_tags(project: Project, snapshot: SnapshotRef) -> dict[str, str]:
    """Tags of a run and its version: digests of snapshot, contract, features and code, and actor.

    Args:
        project: the project.
        snapshot: the rows that the model is trained on.
    """
    context = project.context
    return {
        "snapshot": snapshot.digest,
        "source": snapshot.source,
        "contract_digest": project.contract.digest,
        "features_digest": project.features.digest,
        "actor": context.actor,
        "reason": context.reason or "by hand",
        "time": project.clock.now().isoformat(),
        **({ATTEMPT_TAG: context.attempt} if context.attempt else {}),
        "library": installed_library(project.root),
        **code_tags(project.root),
    }


def log_leaderboard(leaderboard: Leaderboard) -> None:
    """Log a nested run for each candidate, and the leaderboard as JSON, Markdown and SVG.

    Args:
        leaderboard: the result of `cross_validate`.
    """
    for row in leaderboard.rows:
        _log_candidate(row, leaderboard.metric)
    mlflow.log_text(leaderboard.to_json(), LEADERBOARD)
    mlflow.log_text(leaderboard.markdown(), "leaderboard.md")
    mlflow.log_text(draw_leaderboard(leaderboard), "leaderboard.svg")


def _log_candidate(row: Row, metric: str) -> None:
    folds = {f"fold_{number}": score for number, score in enumerate(row.scores)}
    values = {
        f"{metric}_mean": row.mean,
        f"{metric}_std": row.std,
        "fit_seconds": row.fit_seconds,
        "predict_microseconds": row.predict_microseconds,
        "size": float(row.size),
    }
    with mlflow.start_run(run_name=row.candidate, nested=True):
        mlflow.log_metrics({**row.metrics, **values, **folds})
        mlflow.log_params(row.parameters)
        if row.ineligible:
            mlflow.set_tag("ineligible", row.ineligible)
        else:
            mlflow.set_tag("form", row.form)


def log_exported_model(project: Project, exported: ExportedModel) -> RunRef:
    """Log the model, its encoder and the held-out rows to the active run, for `evaluate`.

    Args:
        project: the project.
        exported: the result of `export_model`.

    Raises:
        RuntimeError: if no run is active.
    """
    run = mlflow.active_run()
    if run is None:
        raise RuntimeError("log_exported_model needs an active run: `with mlflow.start_run():`")
    fitted, rows = exported.fitted, exported.fitted.data.rows
    facts = ExportedFacts(
        candidate=fitted.candidate.name,
        threshold=fitted.threshold,
        trained_since=event_time(rows, np.min),
        trained_until=event_time(rows, np.max),
        latency=exported.latency,
        parity=exported.parity.values(),
        form=exported.model.form,
        types=exported.model.types,
    )
    files = RunFiles(
        {
            exported.model.name: exported.model.content,
            ENCODER: fitted.data.task.encoder.to_json(),
            CONTRACT: rows.contract.text.encode(),
            FACTS: EXPORTED_MODEL.encode(facts, indent=1),
            HOLDOUT: _parquet(exported),
            BASELINE: _npy(exported),
        }
    )
    with rows.context.timed("record"):
        mlflow.log_metrics({f"parity_{name}": value for name, value in facts.parity.items()})
        mlflow.set_tag("candidate", facts.candidate)
        files.log(project.registry, run.info.run_id, EXPORTED)
        _log_dataset(run.info.run_id, rows.snapshot)
    return RunRef(
        run_id=run.info.run_id,
        snapshot=rows.snapshot,
        contract=rows.contract.digest,
        features=fitted.data.features,
        files=files.digests,
    )


def _log_dataset(run: str, snapshot: SnapshotRef) -> None:
    """Name the rows that a run was trained on as one of its inputs."""
    profile, source = json.dumps({"num_rows": snapshot.rows}), json.dumps(
        {"address": snapshot.source}
    )
    dataset = Dataset("snapshot", snapshot.digest, "snapshot", source, profile=profile)
    inputs = [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])]
    mlflow.MlflowClient().log_inputs(run, inputs)


def _parquet(exported: ExportedModel) -> bytes:
    buffer = io.BytesIO()
    table = to_arrow(exported.fitted.data.rows.contract, exported.holdout.columns)
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _npy(exported: ExportedModel) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, exported.baseline, allow_pickle=False)
    return buffer.getvalue()
