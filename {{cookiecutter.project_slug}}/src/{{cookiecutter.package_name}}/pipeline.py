"""Your pipeline: one function per stage, and `train`, which runs those after `ingest`.

A stage takes the project and the reference that the previous stage returned, and returns one to
its own result: a snapshot, an MLflow run, a decision, a version. References are small, serializable
and verified when they are loaded. So a command (`ingest`, `fit`, `evaluate`, `register`, `train`),
an Airflow task and a DVC stage call the same functions, each in its own process. Changes here take
effect in all of them, and when the loop retrains.
"""

from datetime import datetime

import mlflow
from mlops_loop import Project
from mlops_loop.pipeline import (
    DecisionRef,
    Pipeline,
    RunRef,
    SnapshotRef,
    Version,
    apply_rules,
    assign_role,
    connect_mlflow,
    cross_validate,
    encode,
    evaluate_on_holdout,
    export_model,
    fit_best,
    ingest_sources,
    lineage_tags,
    log_decision,
    log_exported_model,
    log_leaderboard,
    open_source,
    register_version,
    split,
    tune_all,
)

from .gate import RULES
from .metrics import METRIC, REPORTED
from .models import CANDIDATES


def ingest(
    project: Project,
    *,
    source: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> SnapshotRef:
    """Validate the source and the labelled predictions into one snapshot."""
    sources = [open_source(source or project.settings.source, project.settings)]
    return ingest_sources(project, sources, log=project.log, since=since, until=until)


def fit(
    project: Project, snapshot: SnapshotRef, *, tune: bool = False, resume: bool = False
) -> RunRef:
    """Compare the candidates on the training rows, fit the best one, and export it."""
    data = encode(split(snapshot.load(project)), project.features)
    connect_mlflow(project)
    with mlflow.start_run(run_name="train", tags=lineage_tags(project, snapshot)):
        candidates = CANDIDATES  # your own mlflow.log_* calls go here
        if tune:
            candidates = tune_all(candidates, data.train, METRIC, resume=resume)
        leaderboard = cross_validate(candidates, data.train, METRIC, REPORTED)
        log_leaderboard(leaderboard)
        model = fit_best(leaderboard, data.train, calibrate=True)
        exported = export_model(model, parity=data.holdout)  # raises if it differs
        return log_exported_model(project, exported)


def evaluate(project: Project, run: RunRef) -> DecisionRef:
    """Apply the gate's rules to the exported model; only this stage reads the holdout's labels."""
    connect_mlflow(project, run)
    with mlflow.start_run(run_id=run.run_id):
        evaluation = evaluate_on_holdout(project, run, METRIC, REPORTED)
        result = apply_rules(evaluation.comparison, RULES)
        return log_decision(project, evaluation, result)


def register(project: Project, decision: DecisionRef) -> Version:
    """Register the version, publish it if it passed the gate, and assign its role."""
    version = register_version(project, decision)
    return assign_role(project, version)  # by `loop.promotion` of the settings


def train(
    project: Project, snapshot: SnapshotRef, *, tune: bool = False, resume: bool = False
) -> Version:
    """Fit, evaluate and register.

    Insert a step of your own between them; it logs to the same run within
    `with mlflow.start_run(run_id=run.run_id):`.
    """
    run = fit(project, snapshot, tune=tune, resume=resume)
    decision = evaluate(project, run)
    return register(project, decision)


PIPELINE = Pipeline(ingest=ingest, fit=fit, evaluate=evaluate, register=register, train=train)
