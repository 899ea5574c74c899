"""Search of a candidate's parameters: bounded, seeded, pruned, taken up again after a kill."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from ..evaluation.metrics import Metric
from ..models import Candidate, Parameters, predicted
from ..settings import Tuning
from .leaderboard import Folds


def tune(
    candidate: Candidate,
    folds: Folds,
    metric: Metric,
    budget: Tuning,
    *,
    storage: Path,
    study: str,
    seed: int,
    progress: Callable[[str], None],
) -> Parameters:
    """The best parameters that the budget found.

    Args:
        candidate: one that has a search space.
        folds: the rows to search on.
        metric: what is made better.
        budget: trials in total, those of earlier runs of the study included, and time.
        storage: SQLite file that keeps the trials.
        study: name under which a later run takes them up again.
        seed: of the sampler.
        progress: told the best score so far after each trial.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage.parent.mkdir(parents=True, exist_ok=True)
    trials = optuna.create_study(
        study_name=study,
        storage=f"sqlite:///{storage.as_posix()}",
        direction="maximize" if metric.greater_is_better else "minimize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
        load_if_exists=True,
    )
    done = len([trial for trial in trials.trials if trial.state.is_finished()])
    # A study that is taken up again must not draw its first parameters a second time.
    trials.sampler = optuna.samplers.TPESampler(seed=seed + done)

    def tell(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        if any(trial.state.name == "COMPLETE" for trial in study.trials):
            progress(f"{candidate.name}: trial {trial.number + 1}, best {study.best_value:.4f}")

    if done < budget.trials:
        trials.optimize(
            lambda trial: _objective(trial, candidate, folds, metric),
            n_trials=budget.trials - done,
            timeout=budget.timeout.total_seconds(),
            callbacks=[tell],
        )
    return _best(trials, candidate)


def _objective(trial: optuna.Trial, candidate: Candidate, folds: Folds, metric: Metric) -> float:
    assert candidate.space is not None
    parameters = candidate.space(trial)
    scores: list[float] = []
    for number, (train, rest) in enumerate(folds.pairs):
        estimator = candidate.build(parameters).fit(folds.matrix[train], folds.truth[train])
        answers = predicted(estimator, folds.matrix[rest], folds.classes)
        scores.append(metric.value(folds.truth[rest], answers))
        trial.report(float(np.mean(scores)), number)
        if trial.should_prune():
            raise optuna.TrialPruned
    return float(np.mean(scores))


def _best(trials: optuna.Study, candidate: Candidate) -> dict[str, Any]:
    assert candidate.space is not None
    complete = [trial for trial in trials.trials if trial.state.name == "COMPLETE"]
    if not complete:
        return {}
    return candidate.space(optuna.trial.FixedTrial(trials.best_params))
