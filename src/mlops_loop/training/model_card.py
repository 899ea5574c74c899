"""The judged model introduces itself: its card goes to MLflow and among the reports."""

from dataclasses import dataclass
from functools import partial

from ..bundle import Manifest
from ..card.calibration import Bin, reliability
from ..card.card import Card, Score, limits, purpose, score_all
from ..card.importance import importances
from ..card.page import write_card
from ..contract import Contract
from ..data.snapshot import Snapshot
from ..encoder import Matrix
from ..evaluation.bootstrap import Resampling, clusters
from ..evaluation.metrics import Floats, Metric
from ..explanation.results import Importance
from ..predictor import OnnxSession
from ..registry import Registry
from ..settings import Settings
from .holdout_evaluation import EvaluatedModel
from .leaderboard import Leaderboard
from .leaderboard_chart import draw_leaderboard


@dataclass(frozen=True)
class ModelMetrics:
    """What a card says of the held-out rows; it takes a while to compute, and no version."""

    scores: tuple[Score, ...]
    reliability: tuple[Bin, ...]
    importances: tuple[Importance, ...]


def publish_model_card(
    settings: Settings,
    contract: Contract,
    snapshot: Snapshot,
    metric: Metric,
    manifest: Manifest,
    evaluated: EvaluatedModel,
    metrics: ModelMetrics,
    leaderboard: Leaderboard,
    registry: Registry,
) -> None:
    """Write the card of a registered version, as Markdown and as HTML."""
    card = Card(
        manifest=manifest,
        metric=metric.name,
        source=snapshot.source,
        rows=snapshot.rows,
        held_out=len(evaluated.holdout.labels),
        purpose=purpose(contract),
        limits=limits(contract, manifest.trained_until),
        gate=evaluated.gate_result,
        scores=metrics.scores,
        reliability=metrics.reliability,
        importances=metrics.importances,
        candidates=leaderboard.markdown(),
        leaderboard_chart=draw_leaderboard(leaderboard),
    )
    write_card(card, settings, registry)


def measure_model(
    settings: Settings, contract: Contract, metric: Metric, evaluated: EvaluatedModel
) -> ModelMetrics:
    """Every metric with its interval, calibration, and permutation importance."""
    held, predicted = evaluated.holdout, evaluated.exported.predicted
    resampling = Resampling(
        clusters=clusters(contract, held.columns),
        resamples=settings.gate.resamples,
        confidence=settings.gate.confidence,
        seed=settings.seed,
    )
    session = OnnxSession(evaluated.exported.model, threads=settings.training.threads)
    return ModelMetrics(
        scores=score_all(contract, held.labels, predicted, resampling),
        reliability=reliability(held.labels, predicted),
        importances=importances(
            evaluated.encoder.names,
            held.matrix,
            held.labels,
            partial(_answers, session, is_value=not contract.classes),
            metric,
            settings.seed,
        ),
    )


def _answers(session: OnnxSession, matrix: Matrix, *, is_value: bool) -> Floats:
    scores = session.run(matrix)
    return scores.reshape(-1) if is_value else scores
