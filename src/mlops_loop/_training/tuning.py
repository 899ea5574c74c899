"""Tuning of the candidates' parameters with Optuna: bounded, seeded, pruned, resumable."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from threadpoolctl import threadpool_limits

from .._project_code import naming
from ..data._split import Fold
from ..errors import InputError
from ..evaluation._metrics import Metric, MetricChoice
from ..models import Candidate, Parameters
from ..models._fitting import fit, predict
from .cross_validation import for_problem, require_training_data
from .data import TrainingData
from .served_form import forms_before_fits

_DONE = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)


def tune_all(
    candidates: Sequence[Candidate],
    data: TrainingData,
    metric: MetricChoice,
    *,
    resume: bool = False,
) -> list[Candidate]:
    """Tune the candidates that have a search space.

    Candidates that could not be served are not tuned. The search is scored on one half of each
    fold's validation rows; `cross_validate` then compares on the other half. Its budget is
    `training.tuning`: trials, those of earlier runs included, and the time of this run. A trial
    that was interrupted is not counted.

    Args:
        candidates: the candidates.
        data: the training rows (`data.train`). Held-out rows are not accepted.
        metric: the metric that is optimized.
        resume: whether to require an earlier search to resume.

    Returns:
        The candidates, and a tuned copy of each that has a search space.

    Raises:
        InputError: if there is no earlier search of the same rows, features and folds.
        SnapshotError: if the folds cannot be halved.
        TrainingError: if no candidate could be served.

    Examples:
        >>> def candidates(data, *, tune):
        ...     return tune_all(CANDIDATES, data.train, METRIC) if tune else CANDIDATES
    """
    require_training_data(data, "tune_all")
    candidates = for_problem(candidates, data)
    decides, (folds, _) = metric.for_problem(data.task.problem), data.halved()
    forms = forms_before_fits(candidates, data)
    searched = [
        candidate
        for candidate in candidates
        if candidate.search_space is not None and not forms[candidate.name].ineligible
    ]
    studies = [study_name(candidate, decides, data, folds) for candidate in searched]
    storage = data.rows.settings.paths.tuning
    if resume:
        require_study(storage, studies)
    with (
        data.rows.context.timed("tuning"),
        threadpool_limits({"openmp": data.task.threads, "blas": 1}),
    ):
        tuned = [
            replace(
                candidate,
                name=f"{candidate.name} tuned",
                parameters=tune(candidate, data, folds, decides, study),
                is_tuned=True,
            )
            for candidate, study in zip(searched, studies, strict=True)
        ]
    return [*candidates, *tuned]


def study_name(
    candidate: Candidate, metric: Metric, data: TrainingData, folds: Sequence[Fold]
) -> str:
    """The same only for trials that can be compared: same rows, same features, same folds."""
    digest = hashlib.blake2b(data.matrix.tobytes(), digest_size=8)
    digest.update(data.labels.tobytes())
    for fold in folds:
        digest.update(fold.fit_idx.tobytes())
        digest.update(fold.validation_idx.tobytes())
    return f"{candidate.name}-{metric.name}-{data.rows.snapshot.digest}-{digest.hexdigest()}"


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
    storage.parent.mkdir(parents=True, exist_ok=True)
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
            context.on_stage(f"{candidate.name}: trial {number}, best {study.best_value:.4f}")

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
