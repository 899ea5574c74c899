"""Which candidate wins, by cross-validation, and its final fit on all training rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from ..evaluation.metrics import Metric, metrics_of
from ..models import Candidate, Parameters
from ..settings import Settings
from .leaderboard import Folds, Leaderboard, cross_validate, rank

TRIALS = Path("var/optuna.db")


@dataclass(frozen=True)
class Selection:
    """The leaderboard, and two models fitted on all training rows: the winner, the baseline."""

    leaderboard: Leaderboard
    candidate: Candidate
    winner: Any
    baseline: Any


def select(
    settings: Settings,
    candidates: Sequence[Candidate],
    folds: Folds,
    metric: Metric,
    *,
    study: str | None,
    progress: Callable[[str], None],
) -> Selection:
    """Cross-validate every candidate and fit the best one.

    Args:
        settings: seed, threads and the tuning budget.
        candidates: one baseline at least among them, and one that is more.
        folds: the training rows.
        metric: what decides.
        study: name of the search of parameters; None leaves every candidate as it is.
        progress: told what happens now.
    """
    others = metrics_of("multiclass" if folds.classes else "regression")
    # Linear algebra on one thread: the matrices are narrow, and the sums come out the same.
    with threadpool_limits({"openmp": settings.training.threads, "blas": 1}):
        if study is not None:
            tuned = _tuned(settings, candidates, folds, metric, study, progress)
            candidates = [*candidates, *tuned]
        progress(f"cross-validating {', '.join(candidate.name for candidate in candidates)}")
        rows = cross_validate(candidates, folds, metric, others, settings.training.threads)
        leaderboard = rank(metric, rows)
        named = {candidate.name: candidate for candidate in candidates}
        winner = named[leaderboard.winner.candidate]
        baseline = next(candidate for candidate in candidates if candidate.is_baseline)
        progress(f"fitting {winner.name}")
        fitted = [model.build({}).fit(folds.matrix, folds.truth) for model in (winner, baseline)]
    return Selection(leaderboard, winner, *fitted)


def _tuned(
    settings: Settings,
    candidates: Sequence[Candidate],
    folds: Folds,
    metric: Metric,
    study: str,
    progress: Callable[[str], None],
) -> list[Candidate]:
    """For each candidate with a search space another one, with the best parameters found."""
    from .tuning import tune

    tuned = []
    for candidate in candidates:
        if candidate.space is None:
            continue
        found = tune(
            candidate,
            folds,
            metric,
            settings.training.tuning,
            storage=settings.path(TRIALS),
            study=f"{candidate.name}-{metric.name}-{study}",
            seed=settings.seed,
            progress=progress,
        )
        tuned.append(_with(candidate, found))
    return tuned


def _with(candidate: Candidate, found: Parameters) -> Candidate:
    def build(parameters: Parameters) -> Any:
        return candidate.build({**found, **parameters})

    return replace(candidate, name=f"{candidate.name} tuned", build=build, parameters=found)
