"""Search of a candidate's parameters: bounded, seeded, pruned, taken up again after a kill."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from ..errors import InputError
from ..evaluation.metrics import Metric
from ..models import Candidate, Parameters, predict_scores
from ..models._fitting import fit
from ..settings import Tuning
from .leaderboard import Folds

_DONE = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)


def require_study(storage: Path, names: Sequence[str]) -> None:
    """Raise InputError unless one of the studies has been begun."""
    if storage.exists():
        with opened(storage) as studies:
            if set(names) & set(optuna.get_all_study_names(studies)):
                return
    raise InputError(
        "there is no search of this snapshot, with these features and folds, to take up: "
        "run `train --tune`"
    )


def tune(
    candidate: Candidate,
    folds: Folds,
    metric: Metric,
    budget: Tuning,
    *,
    storage: Path,
    study: str,
    seed: int,
    on_stage: Callable[[str], None],
    on_trial: Callable[[int, int], None],
) -> Parameters:
    """The best parameters that the budget found.

    Args:
        candidate: one that has a search space.
        folds: the rows to search on.
        metric: what is made better.
        budget: trials in total, those of earlier runs of the study included, and time of this
            run. A trial that a kill cut short counts for nothing.
        storage: SQLite file that keeps the trials.
        study: name under which a later run takes them up again.
        seed: of the sampler.
        on_stage: told the best score so far after each trial.
        on_trial: told how many trials are done, of how many.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage.parent.mkdir(parents=True, exist_ok=True)
    with opened(storage) as studies:
        trials = optuna.create_study(
            study_name=study,
            storage=studies,
            direction="maximize" if metric.greater_is_better else "minimize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
            load_if_exists=True,
        )
        _search(trials, candidate, folds, metric, budget, seed, on_stage, on_trial)
        return _best(trials, candidate)


@contextmanager
def opened(storage: Path) -> Iterator[optuna.storages.RDBStorage]:
    """The file of all studies; its connections are closed at the end."""
    studies = optuna.storages.RDBStorage(f"sqlite:///{storage.as_posix()}")
    try:
        yield studies
    finally:
        studies.remove_session()
        studies.engine.dispose()


def _search(
    trials: optuna.Study,
    candidate: Candidate,
    folds: Folds,
    metric: Metric,
    budget: Tuning,
    seed: int,
    on_stage: Callable[[str], None],
    on_trial: Callable[[int, int], None],
) -> None:
    done = _done(trials)
    # A study that is taken up again must not draw its first parameters a second time.
    trials.sampler = optuna.samplers.TPESampler(seed=seed + done)

    def tell(study: optuna.Study, _: optuna.trial.FrozenTrial) -> None:
        number = _done(study)
        on_trial(number, budget.trials)
        if _complete(study):
            on_stage(f"{candidate.name}: trial {number}, best {study.best_value:.4f}")

    on_trial(done, budget.trials)
    if done < budget.trials:
        trials.optimize(
            lambda trial: _objective(trial, candidate, folds, metric),
            n_trials=budget.trials - done,
            timeout=budget.timeout.total_seconds(),
            callbacks=[tell],
        )


def _objective(trial: optuna.Trial, candidate: Candidate, folds: Folds, metric: Metric) -> float:
    assert candidate.search_space is not None
    parameters = candidate.search_space(trial)
    scores: list[float] = []
    for number, (train, rest) in enumerate(folds.pairs):
        estimator = fit(candidate, parameters, folds.matrix[train], folds.labels[train])
        answers = predict_scores(estimator, folds.matrix[rest], folds.classes)
        scores.append(metric.value(folds.labels[rest], answers))
        trial.report(float(np.mean(scores)), number)
        if trial.should_prune():
            raise optuna.TrialPruned
    return float(np.mean(scores))


def _best(trials: optuna.Study, candidate: Candidate) -> dict[str, Any]:
    assert candidate.search_space is not None
    if not _complete(trials):
        return {}
    return candidate.search_space(optuna.trial.FixedTrial(trials.best_params))


def _done(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=_DONE))


def _complete(study: optuna.Study) -> bool:
    return bool(study.get_trials(deepcopy=False, states=_DONE[:1]))
