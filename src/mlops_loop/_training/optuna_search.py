"""The search for one candidate's parameters: an Optuna study, which several processes may share."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna

from .._project_code import naming
from .._settings import Settings
from ..data._split import Fold
from ..errors import InputError
from ..evaluation._formatting import format_metric
from ..evaluation._metric import Metric
from ..models import Candidate, Parameters
from ..models._fitting import fit, predict
from .data import TrainingData
from .tuning_storage import opened

_DONE = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)


def require_study(settings: Settings, names: Sequence[str]) -> None:
    """Raise InputError unless one of the studies exists."""
    with opened(settings.training.tuning.storage, settings.root) as storage:
        if set(names) & set(optuna.get_all_study_names(storage)):
            return
    raise InputError(
        "no tuning of this snapshot with these features and folds to resume: run `train --tune`"
    )


def tune(
    candidate: Candidate, data: TrainingData, folds: Sequence[Fold], metric: Metric, study: str
) -> Parameters:
    """The best parameters found within the budget, merged into the candidate's own.

    The budget is that of all processes that share the study. Each finishes the trial that it has
    begun, so that there may be a few more; the first ones to finish count.

    Args:
        candidate: a candidate with a search space.
        data: the training rows.
        folds: the rows to search on.
        metric: the metric that is optimized.
        study: name under which a later run resumes the search.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    settings = data.rows.settings
    with opened(settings.training.tuning.storage, settings.root) as storage:
        trials = optuna.create_study(
            study_name=study,
            storage=storage,
            direction="maximize" if metric.greater_is_better else "minimize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
            load_if_exists=True,
        )
        _search(trials, candidate, data, folds, metric)
        return {**candidate.parameters, **_best(trials, candidate, settings.training.tuning.trials)}


def _search(
    trials: optuna.Study,
    candidate: Candidate,
    data: TrainingData,
    folds: Sequence[Fold],
    metric: Metric,
) -> None:
    budget, context = data.rows.settings.training.tuning, data.rows.context

    def report(study: optuna.Study, _: optuna.trial.FrozenTrial) -> None:
        done = _done(study, budget.trials)
        context.on_trial(len(done), budget.trials)
        if (best := _best_trial(study, budget.trials)) is not None:
            value = format_metric(float(best.value or 0))
            context.on_stage(f"{candidate.name}: trial {len(done)}, best {value}")
        if len(done) == budget.trials:
            study.stop()

    def objective(trial: optuna.Trial) -> float:
        # By its number, so that no two processes draw the same parameters, nor one that resumes.
        seed = np.random.SeedSequence((data.task.seed, trial.number)).generate_state(1)
        trial.study.sampler = optuna.samplers.TPESampler(seed=int(seed[0]))
        return _objective(trial, candidate, data, folds, metric)

    done = len(_done(trials, budget.trials))
    context.on_trial(done, budget.trials)
    if done < budget.trials:
        trials.optimize(objective, timeout=budget.timeout.total_seconds(), callbacks=[report])


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
        estimator = fit(candidate, data.task, data.to_fit(train), data.labels[train], **parameters)
        predicted = predict(candidate, estimator, data.matrix[rest], data.classes)
        scores.append(metric.value(data.labels[rest], predicted))
        trial.report(float(np.mean(scores)), number)
        if trial.should_prune():
            raise optuna.TrialPruned
    return float(np.mean(scores))


def _best(trials: optuna.Study, candidate: Candidate, budget: int) -> dict[str, Any]:
    assert candidate.search_space is not None
    best = _best_trial(trials, budget)
    return candidate.search_space(optuna.trial.FixedTrial(best.params)) if best else {}


def _best_trial(study: optuna.Study, budget: int) -> optuna.trial.FrozenTrial | None:
    done = _done(study, budget)
    complete = [trial for trial in done if trial.state == optuna.trial.TrialState.COMPLETE]
    best = max if study.direction == optuna.study.StudyDirection.MAXIMIZE else min
    return best(complete, key=lambda trial: trial.value or 0.0, default=None)


def _done(study: optuna.Study, budget: int) -> list[optuna.trial.FrozenTrial]:
    """The trials that count: the first ones that were finished, by any process."""
    finished = study.get_trials(deepcopy=False, states=_DONE)
    return sorted(finished, key=lambda trial: (trial.datetime_complete, trial.number))[:budget]
