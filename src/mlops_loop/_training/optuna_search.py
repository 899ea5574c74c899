"""The search for one candidate's parameters: an Optuna study in the project's file of studies."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from .._atomic import make_folder
from .._project_code import naming
from ..data._split import Fold
from ..errors import InputError
from ..evaluation._formatting import format_metric
from ..evaluation._metric import Metric
from ..models import Candidate, Parameters
from ..models._fitting import fit, predict
from .data import TrainingData

_DONE = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)


def require_study(storage: Path, names: Sequence[str]) -> None:
    """Raise InputError unless one of the studies exists."""
    if storage.exists():
        with opened(storage) as studies:
            if set(names) & set(optuna.get_all_study_names(studies)):
                return
    raise InputError(
        "no tuning of this snapshot with these features and folds to resume: run `train --tune`"
    )


def tune(
    candidate: Candidate, data: TrainingData, folds: Sequence[Fold], metric: Metric, study: str
) -> Parameters:
    """The best parameters found within the budget, merged into the candidate's own.

    Args:
        candidate: a candidate with a search space.
        data: the training rows.
        folds: the rows to search on.
        metric: the metric that is optimized.
        study: name under which a later run resumes the search.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = data.rows.settings.paths.tuning
    make_folder(storage.parent)
    with opened(storage) as studies:
        trials = optuna.create_study(
            study_name=study,
            storage=studies,
            direction="maximize" if metric.greater_is_better else "minimize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
            load_if_exists=True,
        )
        _search(trials, candidate, data, folds, metric)
        return {**candidate.parameters, **_best(trials, candidate)}


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
    data: TrainingData,
    folds: Sequence[Fold],
    metric: Metric,
) -> None:
    budget, context = data.rows.settings.training.tuning, data.rows.context
    done = _done(trials)
    # A study that is resumed must not draw its first parameters a second time.
    trials.sampler = optuna.samplers.TPESampler(seed=data.task.seed + done)

    def report(study: optuna.Study, _: optuna.trial.FrozenTrial) -> None:
        number = _done(study)
        context.on_trial(number, budget.trials)
        if _complete(study):
            context.on_stage(
                f"{candidate.name}: trial {number}, best {format_metric(study.best_value)}"
            )

    context.on_trial(done, budget.trials)
    if done < budget.trials:
        trials.optimize(
            lambda trial: _objective(trial, candidate, data, folds, metric),
            n_trials=budget.trials - done,
            timeout=budget.timeout.total_seconds(),
            callbacks=[report],
        )


def _objective(
    trial: optuna.Trial,
    candidate: Candidate,
    data: TrainingData,
    folds: Sequence[Fold],
    metric: Metric,
) -> float:
    assert candidate.search_space is not None
    with naming("search space", candidate.search_space):
        parameters = candidate.search_space(trial)
    scores: list[float] = []
    for number, fold in enumerate(folds):
        train, rest = fold.fit_idx, fold.validation_idx
        estimator = fit(candidate, data.task, data.matrix[train], data.labels[train], **parameters)
        predicted = predict(candidate, estimator, data.matrix[rest], data.classes)
        scores.append(metric.value(data.labels[rest], predicted))
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
