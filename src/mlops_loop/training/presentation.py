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
from .examination import Examined
from .leaderboard import Leaderboard
from .picture import picture


@dataclass(frozen=True)
class Figures:
    """What a card says of the held-out rows; it takes a while to compute, and no version."""

    scores: tuple[Score, ...]
    reliability: tuple[Bin, ...]
    importances: tuple[Importance, ...]


def present(
    settings: Settings,
    contract: Contract,
    snapshot: Snapshot,
    metric: Metric,
    manifest: Manifest,
    examined: Examined,
    figures: Figures,
    leaderboard: Leaderboard,
    registry: Registry,
) -> None:
    """Write the card of a registered version, as Markdown and as HTML."""
    card = Card(
        manifest=manifest,
        metric=metric.name,
        source=snapshot.source,
        rows=snapshot.rows,
        held_out=len(examined.holdout.truth),
        purpose=purpose(contract),
        limits=limits(contract, manifest.trained_until),
        gate=examined.verdict,
        scores=figures.scores,
        reliability=figures.reliability,
        importances=figures.importances,
        candidates=leaderboard.markdown(),
        picture=picture(leaderboard),
    )
    write_card(card, settings, registry)


def figures_of(
    settings: Settings, contract: Contract, metric: Metric, examined: Examined
) -> Figures:
    """Every metric with its interval, calibration, and permutation importance."""
    held, predicted = examined.holdout, examined.exported.predicted
    resampling = Resampling(
        clusters=clusters(contract, held.columns),
        resamples=settings.gate.resamples,
        confidence=settings.gate.confidence,
        seed=settings.seed,
    )
    session = OnnxSession(examined.exported.model, threads=settings.training.threads)
    return Figures(
        scores=score_all(contract, held.truth, predicted, resampling),
        reliability=reliability(held.truth, predicted),
        importances=importances(
            examined.encoder.names,
            held.matrix,
            held.truth,
            partial(_answers, session, is_value=not contract.classes),
            metric,
            settings.seed,
        ),
    )


def _answers(session: OnnxSession, matrix: Matrix, *, is_value: bool) -> Floats:
    scores = session.run(matrix)
    return scores.reshape(-1) if is_value else scores
