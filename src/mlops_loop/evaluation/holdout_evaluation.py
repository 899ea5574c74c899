"""The exported model on the held-out rows: what the gate compares, and what the card shows."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..bundle import ENCODER, MODEL, REFERENCE
from ..card.calibration import Bin, reliability
from ..card.card import Score, score_all
from ..card.importance import importances
from ..contract.arrow import from_arrow
from ..contract.columns import Columns, take
from ..encoder import Encoder, Matrix
from ..errors import GateError
from ..explanation.results import Importance
from ..formats import EVALUATION as EVALUATION_FORMAT
from ..formats import EXPORTED_MODEL
from ..predictor import OnnxSession, decide
from ..project import Project
from ..references import DecisionRef, RunRef
from ..run_files import (
    BASELINE,
    EVALUATION,
    EXPORTED,
    FACTS,
    GATE,
    HOLDOUT,
    MEASURED,
    ExportedFacts,
    RunFiles,
)
from .bootstrap import Resampling, clusters
from .champion import predict_with_champion
from .comparison import Comparison
from .gate_result import GateResult
from .holdout import Holdout
from .metrics import Floats, Metric, MetricChoice, fitting
from .reference import reference_file


class Measured(msgspec.Struct, frozen=True):
    """What a model reaches on the held-out rows.

    Attributes:
        metrics: the deciding one and those reported, by name.
        rows: number of held-out rows.
        deciles: the nine numbers between tenths of the predictions; none for classes.
        scores: every metric with its interval.
        reliability: whether predictions come true as often, or as high, as predicted.
        importances: permutation importance of the features.
    """

    metrics: dict[str, float]
    rows: int
    deciles: tuple[float, ...]
    scores: tuple[Score, ...]
    reliability: tuple[Bin, ...]
    importances: tuple[Importance, ...]


@dataclass(frozen=True)
class Evaluation:
    """An exported model on the held-out rows.

    Attributes:
        run: that holds the model.
        comparison: what gate rules decide from.
        measured: for MLflow, the manifest and the model card.
        reference: the held-out rows with the predictions, Parquet: monitoring's reference.
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
        project: whose champion is compared.
        run: what `fit` returned.
        metric: what decides.
        reported: metrics that are computed as well, if they fit the problem.

    Raises:
        RegistryError: if files of the run are missing, or not those that the reference names.
        GateError: if contract or features are not those of the run any more.
    """
    if not isinstance(run, RunRef):
        raise TypeError(f"evaluate takes the RunRef that `fit` returned, not {type(run).__name__}")
    require_unchanged(project, run)
    files = RunFiles.read(project.registry, run.run_id, EXPORTED, run.files).content
    contract, metric = project.contract, metric.for_problem(project.contract.problem)
    encoder = Encoder.from_json(files[ENCODER])
    columns = from_arrow(contract, pq.read_table(pa.BufferReader(files[HOLDOUT])))
    holdout = Holdout.of(contract, columns, project.features, encoder)
    session = OnnxSession(files[MODEL], threads=project.settings.training.threads)
    predict = partial(_predict, session, is_value=not contract.classes)
    predicted = predict(holdout.matrix)
    with project.context.timed("gate"):
        comparison = _compare(project, metric, holdout, predicted, files)
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
    answers = decide(predicted, contract.classes, _facts(files).threshold)
    return Evaluation(run, comparison, measured, reference_file(contract, columns, answers))


def log_decision(project: Project, evaluation: Evaluation, gate: GateResult) -> DecisionRef:
    """Leave the gate's decision, as one JSON document, and what was measured in the active run.

    Args:
        project: whose tracking store holds the run.
        evaluation: as `evaluate_on_holdout` returned it.
        gate: what `apply_rules` decided about it.
    """
    import mlflow

    run = evaluation.run
    active = mlflow.active_run()
    if active is None or active.info.run_id != run.run_id:
        raise RuntimeError(
            "log_decision needs the run of the model: `with mlflow.start_run(run_id=run.run_id):`"
        )
    gate = replace(gate, subject=subject_of(run))
    metrics = {f"gate_{name}": value for name, value in gate.metrics.items()}
    metrics |= {f"holdout_{name}": value for name, value in evaluation.measured.metrics.items()}
    mlflow.log_metrics(metrics)
    files = RunFiles(
        {
            GATE: gate.to_json().encode(),
            MEASURED: EVALUATION_FORMAT.encode(evaluation.measured),
            REFERENCE: evaluation.reference,
        }
    )
    files.log(project.registry, run.run_id, EVALUATION)
    return DecisionRef(run=run, passed=gate.passed, files=files.digests)


def subject_of(run: RunRef) -> dict[str, str]:
    """What a decision is about: the digests by which `register` recognizes it."""
    return {
        "run": run.run_id,
        "model": run.files.get(MODEL, ""),
        "snapshot": run.snapshot.digest,
        "contract": run.contract,
        "features": run.features,
    }


def require_unchanged(project: Project, run: RunRef) -> None:
    """Make sure that the project still has the contract and the features of a run.

    Raises:
        GateError: if not.
    """
    for name, of_run, of_project in (
        ("config/contract.yaml", run.contract, project.contract.digest),
        ("features.py", run.features, project.features.digest),
    ):
        if of_run != of_project:
            raise GateError(
                f"{name} has changed since run {run.run_id} was fitted ({of_run[:16]}, now "
                f"{of_project[:16]}): run `fit` again"
            )


def deciles_of(predicted: Floats) -> tuple[float, ...]:
    """The nine numbers between tenths of predicted values; none for probabilities."""
    if predicted.ndim > 1:
        return ()
    return tuple(np.quantile(predicted, np.arange(1, 10) / 10).tolist())


def _compare(
    project: Project,
    metric: Metric,
    holdout: Holdout,
    predicted: Floats,
    files: Mapping[str, bytes],
) -> Comparison:
    champion = predict_with_champion(project, holdout.columns)
    rows = champion.rows
    columns = take(holdout.columns, np.flatnonzero(rows))
    return Comparison(
        metric=metric,
        labels=holdout.labels[rows],
        candidate=predicted[rows],
        baseline=np.load(io.BytesIO(files[BASELINE]), allow_pickle=False)[rows],
        columns=columns,
        contract=project.contract,
        settings=project.settings.gate,
        resampling=_resampling(project, columns),
        size=len(files[MODEL]),
        latency=_facts(files).latency,
        champion=champion.predicted,
        note=champion.note,
        hold=champion.hold,
    )


def _resampling(project: Project, columns: Columns) -> Resampling:
    gate = project.settings.gate
    return Resampling(
        clusters=clusters(project.contract, columns),
        resamples=gate.resamples,
        confidence=gate.confidence,
        seed=project.settings.seed,
    )


def _facts(files: Mapping[str, bytes]) -> ExportedFacts:
    return EXPORTED_MODEL.decode(files[FACTS], ExportedFacts, FACTS)


def _predict(session: OnnxSession, matrix: Matrix, *, is_value: bool) -> Floats:
    scores = session.run(matrix)
    return scores.reshape(-1) if is_value else scores
