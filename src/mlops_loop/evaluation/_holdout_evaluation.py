"""Evaluation of the exported model on the held-out rows, for the gate and the model card."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .._bundle import ENCODER
from .._encoder import Encoder, Matrix
from .._formats import EXPORTED_MODEL
from .._model_session import ModelSession, open_session
from .._predictor import decide
from .._project import Project
from .._references import RunRef, require_run_ref, require_unchanged
from .._run_context import HOLDOUT_DIGEST_TAG
from .._run_files import BASELINE, EXPORTED, FACTS, HOLDOUT, ExportedFacts, RunFiles
from ..contract._arrow import from_arrow
from ..contract._columns import Columns, Floats, take
from ._bootstrap import Resampling, clusters
from ._champion_predictions import identical_champion, predict_with_champion
from ._comparison import Comparison
from ._held_out_rows import holdout_digest, holdout_summary
from ._holdout import Holdout
from ._importance import importances
from ._measured import Measured
from ._metric import Metric, MetricChoice, fitting
from ._reference import reference_file, without_identifiers
from ._reliability import reliability
from ._scores import score_all


@dataclass(frozen=True)
class Evaluation:
    """The result of evaluating an exported model on the held-out rows.

    Attributes:
        run: the run with the model.
        comparison: input of the gate's rules.
        measured: metrics for MLflow, the manifest and the model card.
        reference: the held-out rows with the predictions as Parquet, the reference of monitoring.
    """

    run: RunRef
    comparison: Comparison
    measured: Measured
    reference: bytes


def evaluate_on_holdout(
    project: Project, run: RunRef, metric: MetricChoice, reported: Sequence[Metric] = ()
) -> Evaluation:
    """Predict the held-out rows with the exported model, the baseline and the champion.

    Nothing else reads the labels of held-out rows.

    Args:
        project: the project with the champion.
        run: the result of `log_exported_model`.
        metric: the metric that decides.
        reported: other metrics to compute; those of other kinds of problem are ignored.

    Raises:
        RegistryError: if artifacts of the run are missing or have other digests.
        GateError: if the contract or the features have changed since.
    """
    require_run_ref(run)
    require_unchanged(project, run)
    files = RunFiles.read(project.registry, run.run_id, EXPORTED, run.files).content
    contract, metric = project.contract, metric.for_problem(project.contract.problem)
    encoder = Encoder.from_json(files[ENCODER])
    columns = from_arrow(contract, pq.read_table(pa.BufferReader(files[HOLDOUT])))
    holdout = Holdout.of(contract, columns, project.features, encoder)
    facts = EXPORTED_MODEL.decode(files[FACTS], ExportedFacts, FACTS)
    session = open_session(
        facts.model(files),
        threads=project.settings.training.threads,
        trusted_types=project.settings.serving.trusted_types,
    )
    predict = partial(_predict, session, is_value=not contract.classes)
    predicted = predict(holdout.matrix)
    with project.context.timed("gate"):
        comparison = _compare(project, run, metric, holdout, predicted, files, facts)
    with project.context.timed("card"):
        metrics = {metric.name: metric, **fitting(reported, contract.problem)}
        measured = Measured(
            metrics={name: one.value(holdout.labels, predicted) for name, one in metrics.items()},
            rows=len(holdout.labels),
            deciles=deciles_of(predicted),
            scores=score_all(metrics, holdout.labels, predicted, _resampling(project, columns)),
            reliability=reliability(holdout.labels, predicted),
            importances=importances(
                encoder.names,
                holdout.matrix,
                holdout.labels,
                predict,
                metric,
                project.settings.seed,
            ),
        )
    answers = decide(predicted, contract.classes, facts.threshold)
    known = without_identifiers(
        contract,
        columns,
        read_by_features=project.features.inputs,
        pseudonym=project.pseudonyms.of,
    )
    return Evaluation(run, comparison, measured, reference_file(contract, known, answers))


def deciles_of(predicted: Floats) -> tuple[float, ...]:
    """The nine deciles of predicted values; empty for probabilities."""
    if predicted.ndim > 1:
        return ()
    return tuple(np.quantile(predicted, np.arange(1, 10) / 10).tolist())


def _compare(
    project: Project,
    run: RunRef,
    metric: Metric,
    holdout: Holdout,
    predicted: Floats,
    files: Mapping[str, bytes],
    facts: ExportedFacts,
) -> Comparison:
    champion = predict_with_champion(project, holdout.columns)
    same_as = identical_champion(project, run, facts.threshold)
    rows = champion.rows
    columns, labels = take(holdout.columns, np.flatnonzero(rows)), holdout.labels[rows]
    digest, registry = holdout_digest(project.contract, columns, labels), project.registry
    tried = {version.run_id for version in registry.versions_tagged(HOLDOUT_DIGEST_TAG, digest)}
    return Comparison(
        metric=metric,
        labels=labels,
        candidate=predicted[rows],
        baseline=np.load(io.BytesIO(files[BASELINE]), allow_pickle=False)[rows],
        columns=columns,
        contract=project.contract,
        settings=project.settings.gate,
        resampling=_resampling(project, columns),
        size=len(facts.model(files).content),
        latency=facts.latency,
        champion=champion.predicted,
        note=f"{champion.note} {_unchanged(same_as)}".strip(),
        hold=champion.hold or _unchanged(same_as),
        same_as=same_as,
        trial_follows=not same_as
        and champion.trial_possible
        and project.settings.loop.promotion == "live",
        holdout=holdout_summary(project.contract, columns),
        holdout_digest=digest,
        holdout_uses=len(tried - {run.run_id}),
    )


def _unchanged(same_as: str) -> str:
    return same_as and (
        f"It is identical to champion {same_as}, as rows, features and settings are in effect the "
        "same: there is nothing to try. Ingest new rows, or change features, models or settings."
    )


def _resampling(project: Project, columns: Columns) -> Resampling:
    gate = project.settings.gate
    return Resampling(
        clusters=clusters(project.contract, columns),
        resamples=gate.resamples,
        confidence=gate.confidence,
        seed=project.settings.seed,
    )


def _predict(session: ModelSession, matrix: Matrix, *, is_value: bool) -> Floats:
    scores = session.run(matrix)
    return scores.reshape(-1) if is_value else scores
