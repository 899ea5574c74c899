"""The stages of the flights project, with candidates, metric or rules of a test's own."""

from collections.abc import Sequence
from dataclasses import dataclass

import mlflow
from flights import pipeline
from flights.metrics import METRIC, REPORTED
from flights.models import CANDIDATES

from mlops_loop._bundle import Manifest, read_bundle
from mlops_loop._project import Project
from mlops_loop._run_context import RunContext
from mlops_loop._training.leaderboard import Leaderboard
from mlops_loop.evaluation._gate import GateRule
from mlops_loop.evaluation._gate_result import GateResult
from mlops_loop.evaluation._metric import Metric, MetricChoice
from mlops_loop.models import Candidate
from mlops_loop.pipeline import (
    DecisionRef,
    RunRef,
    SnapshotRef,
    Version,
    apply_rules,
    connect_mlflow,
    cross_validate,
    encode,
    evaluate_on_holdout,
    export_model,
    fit_best,
    lineage_tags,
    log_decision,
    log_exported_model,
    log_leaderboard,
    split,
    tune_all,
)
from mlops_loop.registry._attempt import gate_result
from mlops_loop.registry._registration import read_leaderboard


@dataclass(frozen=True)
class Trained:
    """A project that has trained: what the stages returned."""

    project: Project
    run: RunRef
    decision: DecisionRef
    version: Version

    @property
    def gate(self) -> GateResult:
        return gate_result(self.project.registry, self.version)

    @property
    def manifest(self) -> Manifest:
        return read_bundle(self.project.bundles.fetch(self.version.version)).manifest

    @property
    def became(self) -> str | None:
        """The role of the version."""
        return next(iter(self.version.aliases), None)

    @property
    def leaderboard(self) -> Leaderboard:
        board = read_leaderboard(self.project.registry, self.run.run_id)
        assert board is not None
        return board


def train(
    project: Project,
    snapshot: SnapshotRef | None = None,
    *,
    candidates: Sequence[Candidate] = CANDIDATES,
    tune: bool = False,
    resume: bool = False,
    context: RunContext | None = None,
) -> Trained:
    """All stages after `ingest`, by default on the latest snapshot."""
    project.context = context or RunContext("test")
    snapshot = snapshot or SnapshotRef.latest(project)
    run = fit(project, snapshot, candidates, tune=tune, resume=resume)
    decision = pipeline.evaluate(project, run)
    return Trained(project, run, decision, pipeline.register(project, decision))


def fit(
    project: Project,
    snapshot: SnapshotRef,
    candidates: Sequence[Candidate],
    *,
    metric: MetricChoice = METRIC,
    reported: Sequence[Metric] = REPORTED,
    tune: bool = False,
    resume: bool = False,
) -> RunRef:
    """What the project's `fit` does, with other candidates."""
    data = encode(split(snapshot.load(project)), project.features)
    connect_mlflow(project)
    with mlflow.start_run(run_name="train", tags=lineage_tags(project, snapshot)):
        if tune:
            candidates = tune_all(candidates, data.train, metric, resume=resume)
        leaderboard = cross_validate(candidates, data.train, metric, reported)
        log_leaderboard(leaderboard)
        model = fit_best(leaderboard, data.train, calibrate=True)
        return log_exported_model(project, export_model(model, parity=data.holdout))


def evaluate(
    project: Project,
    run: RunRef,
    rules: Sequence[GateRule],
    *,
    metric: MetricChoice = METRIC,
    reported: Sequence[Metric] = REPORTED,
) -> DecisionRef:
    """What the project's `evaluate` does, with other rules."""
    connect_mlflow(project, run)
    with mlflow.start_run(run_id=run.run_id):
        evaluation = evaluate_on_holdout(project, run, metric, reported)
        return log_decision(project, evaluation, apply_rules(evaluation.comparison, rules))
