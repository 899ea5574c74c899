"""Which candidate wins, by cross-validation, and its final fit on all training rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ..evaluation.metrics import Metric, metrics_of
from ..models import Candidate, Parameters
from ..models._fitting import fit
from ..settings import Costs, Settings
from .calibration import Calibrated, Calibration, OutOfFold, calibrate, cheapest_threshold
from .leaderboard import Folds, Leaderboard, Outcome, cross_validate, rank
from .search import Search


@dataclass(frozen=True)
class Selection:
    """The leaderboard, and two models fitted on all training rows: the winner, the baseline.

    Attributes:
        calibration: of the winner's probabilities, where that helps.
        threshold: probability from which the second of two classes is said.
    """

    leaderboard: Leaderboard
    candidate: Candidate
    winner: Any
    baseline: Any
    calibration: Calibration | None = None
    threshold: float | None = None

    def calibrated(self) -> Any:
        """The winner as it is to be exported."""
        return Calibrated(self.winner, self.calibration) if self.calibration else self.winner


def select(
    settings: Settings,
    candidates: Sequence[Candidate],
    folds: Folds,
    metric: Metric,
    *,
    search: Search | None,
    on_stage: Callable[[str], None],
) -> Selection:
    """Cross-validate every candidate and fit the best one.

    Args:
        settings: seed, threads and the tuning budget.
        candidates: one baseline at least among them, and one that is more.
        folds: the training rows.
        metric: what decides.
        search: of parameters, on other folds; None leaves every candidate as it is.
        on_stage: told what happens now.

    Raises:
        InputError: if there is no earlier search and one is to be taken up.
    """
    others = metrics_of("multiclass" if folds.classes else "regression")
    # Linear algebra on one thread: the matrices are narrow, and the sums come out the same.
    with threadpool_limits({"openmp": settings.training.threads, "blas": 1}):
        if search is not None:
            tuned = _tuned(settings, candidates, metric, search, on_stage)
            candidates = [*candidates, *tuned]
        on_stage(f"cross-validating {', '.join(candidate.name for candidate in candidates)}")
        outcomes = cross_validate(candidates, folds, metric, others, settings.training.threads)
        leaderboard = rank(metric, [outcome.row for outcome in outcomes])
        place = next(at for at, outcome in enumerate(outcomes) if outcome.row is leaderboard.winner)
        winner = candidates[place]
        baseline = next(candidate for candidate in candidates if candidate.is_baseline)
        on_stage(f"fitting {winner.name}")
        fitted = [fit(model, {}, folds.matrix, folds.labels) for model in (winner, baseline)]
    calibration, threshold = _decide(folds, outcomes[place], settings.training.costs)
    return Selection(leaderboard, winner, fitted[0], fitted[1], calibration, threshold)


def _decide(
    folds: Folds, outcome: Outcome, costs: Costs
) -> tuple[Calibration | None, float | None]:
    """Calibration and threshold of the winner, from rows that it was not fitted on."""
    if not folds.classes:
        return None, None
    rests = [rest for _, rest in folds.pairs]
    fold = np.concatenate([np.full(len(rest), at) for at, rest in enumerate(rests)])
    labels = folds.labels[np.concatenate(rests)].astype(np.int64)
    rows = OutOfFold(labels, np.concatenate(outcome.answers), fold)
    calibration = calibrate(rows)
    said = calibration.apply(rows.probabilities) if calibration else rows.probabilities
    if folds.classes > 2:
        return calibration, None
    return calibration, cheapest_threshold(labels, said[:, 1], costs)


def _tuned(
    settings: Settings,
    candidates: Sequence[Candidate],
    metric: Metric,
    search: Search,
    on_stage: Callable[[str], None],
) -> list[Candidate]:
    """For each candidate with a search space another one, with the best parameters found."""
    from .tuning import require_study, tune

    storage = settings.paths.tuning
    searched = [candidate for candidate in candidates if candidate.search_space is not None]
    names = [search.study(candidate.name, metric.name) for candidate in searched]
    if search.resume:
        require_study(storage, names)
    tuned = []
    for candidate, name in zip(searched, names, strict=True):
        found = tune(
            candidate,
            search.folds,
            metric,
            settings.training.tuning,
            storage=storage,
            study=name,
            seed=settings.seed,
            on_stage=on_stage,
            on_trial=search.on_trial,
        )
        tuned.append(_with(candidate, found))
    return tuned


def _with(candidate: Candidate, found: Parameters) -> Candidate:
    def build(parameters: Parameters) -> Any:
        return candidate.build({**found, **parameters})

    return replace(candidate, name=f"{candidate.name} tuned", build=build, parameters=found)
