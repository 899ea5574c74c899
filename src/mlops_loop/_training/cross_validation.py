"""Cross-validated comparison of the candidates, on rows that the gate never reads."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ..contract._columns import Floats
from ..data._split import Fold
from ..errors import TrainingError
from ..evaluation._metric import Metric, MetricChoice, fitting
from ..evaluation._perfect_score import PERFECT, is_perfect
from ..models import Candidate
from ..models._fitting import expected_warnings, fit, is_learnable, predict, rows_to_fit
from .data import TrainingData
from .leaderboard import Entry, Leaderboard, Row
from .served_form import ServedForm, find_form, forms_before_fits
from .size import size_of


def cross_validate(
    candidates: Sequence[Candidate],
    data: TrainingData,
    metric: MetricChoice,
    reported: Sequence[Metric] = (),
) -> Leaderboard:
    """Compare candidates by cross-validation: the leaderboard.

    A candidate that cannot be exported to ONNX, or predicts differently there, is compared but
    cannot win, unless `training.native_models` is set. If one was tuned, all are compared on the
    half of each fold's validation rows that the search did not use.

    Args:
        candidates: a baseline and at least one other candidate.
        data: the training rows (`data.train`). Held-out rows are not accepted.
        metric: the metric that decides.
        reported: other metrics to compute; those of other kinds of problem are ignored.

    Raises:
        TrainingError: if there is no baseline or nothing else for this kind of problem, or a
            candidate cannot be fitted, or none could be served.
        SettingsError: if the metric does not fit the problem.
    """
    require_training_data(data, "cross_validate")
    candidates = for_problem(candidates, data)
    decides = metric.for_problem(data.task.problem)
    metrics = {decides.name: decides, **fitting(reported, data.task.problem)}
    folds = data.folds
    if any(candidate.is_tuned for candidate in candidates):
        _, folds = data.halved()
    forms = forms_before_fits(candidates, data)
    names = ", ".join(candidate.name for candidate in candidates)
    data.rows.context.on_stage(f"cross-validating {names}")
    with data.rows.context.timed("fits"), expected_warnings(), data.on_engine() as running:
        fits = _fit_all(candidates, running, folds, metrics)
    # Of the smallest fold: it is enough to see whether a candidate can be exported.
    least = min(range(len(folds)), key=lambda number: len(folds[number].fit_idx))
    with data.rows.context.timed("export"):
        found = [
            _form(candidate, done[least], data, folds[least]) or forms[candidate.name]
            for candidate, done in zip(candidates, fits, strict=True)
        ]
    rows = [
        replace(
            _row(candidate, decides, done, form),
            remarks=tuple(_remarks(candidate, done, data, folds)),
        )
        for candidate, done, form in zip(candidates, fits, found, strict=True)
    ]
    # Candidates with equal scores keep their order.
    order = sorted(range(len(rows)), key=lambda at: -decides.direction * rows[at].mean)
    return Leaderboard(
        decides.name,
        tuple(rows[at] for at in order),
        tuple(Entry(candidates[at], tuple(fit.scores for fit in fits[at])) for at in order),
        tuple(folds),
    )


def require_training_data(data: object, function: str) -> None:
    """Raise TypeError unless these are training rows: nothing learns from held-out ones."""
    if not isinstance(data, TrainingData):
        raise TypeError(
            f"{function} takes the training rows (`data.train`), not {type(data).__name__}: "
            "held-out rows are for the parity check and the gate only"
        )


def for_problem(candidates: Sequence[Candidate], data: TrainingData) -> list[Candidate]:
    """The candidates that are for this kind of problem.

    Raises:
        TrainingError: if two have one name, or there is no baseline, or nothing else.
    """
    problem = data.task.problem
    chosen = [candidate for candidate in candidates if problem in candidate.problems]
    names = [candidate.name for candidate in chosen]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise TrainingError(f"two candidates are named {twice[0]!r}: see models.py")
    kinds = {candidate.is_baseline for candidate in chosen}
    for is_baseline, missing in ((True, "baseline, e.g. baseline.dummy()"), (False, "candidate")):
        if is_baseline not in kinds:
            raise TrainingError(f"there is no {missing} for a {problem} problem: see models.py")
    return chosen


@dataclass(frozen=True)
class _Fit:
    """One fit: scores of the validation rows, all metrics on them, and the duration."""

    scores: Floats
    metrics: dict[str, float]
    fit_seconds: float
    predict_seconds: float
    rows: int
    size: int
    estimator: Any


def _fit_all(
    candidates: Sequence[Candidate],
    data: TrainingData,
    folds: Sequence[Fold],
    metrics: Mapping[str, Metric],
) -> list[list[_Fit]]:
    """The fits of each candidate, by fold.

    Several fits run beside each other, each on one thread: on small tables that beats one fit
    on several, and no thread waits for another by spinning. The largest folds come first, so
    that at the end no thread has a long fit to itself.
    """
    numbers = sorted(range(len(folds)), key=lambda number: -len(folds[number].fit_idx))

    def fit_one(candidate: Candidate, number: int) -> _Fit:
        with threadpool_limits({"openmp": 1, "blas": 1}):
            return _fit(candidate, data, folds[number], metrics)

    # A fit on an engine takes all of its workers.
    fits_at_once = 1 if data.rows.stored else data.task.threads
    with ThreadPoolExecutor(fits_at_once) as pool:
        futures = {
            (at, number): pool.submit(fit_one, candidate, number)
            for number in numbers
            for at, candidate in enumerate(candidates)
        }
        return [
            [futures[at, number].result() for number in range(len(folds))]
            for at in range(len(candidates))
        ]


def _fit(
    candidate: Candidate, data: TrainingData, fold: Fold, metrics: Mapping[str, Metric]
) -> _Fit:
    rest = fold.validation_idx
    began = time.perf_counter()
    matrix, labels = data.to_fit(fold.fit_idx), data.labels[fold.fit_idx]
    estimator = fit(candidate, data.task, matrix, labels)
    fitted = time.perf_counter()
    scores = predict(candidate, estimator, data.matrix[rest], data.classes)
    predicted = time.perf_counter()
    return _Fit(
        scores,
        {name: metric.value(data.labels[rest], scores) for name, metric in metrics.items()},
        fitted - began,
        predicted - fitted,
        len(rest),
        size_of(estimator),
        estimator,
    )


def _form(candidate: Candidate, fitted: _Fit, data: TrainingData, fold: Fold) -> ServedForm | None:
    """The form of a fitted candidate; None if it is a baseline or a constant one."""
    learnable = is_learnable(data.to_fit(fold.fit_idx), data.labels[fold.fit_idx])
    if candidate.is_baseline or not learnable:
        return None
    return find_form(candidate, fitted.estimator, data.matrix[fold.validation_idx], data)


def _row(candidate: Candidate, metric: Metric, fits: Sequence[_Fit], form: ServedForm) -> Row:
    scores = tuple(fit.metrics[metric.name] for fit in fits)
    return Row(
        candidate=candidate.name,
        mean=float(np.mean(scores)),
        std=float(np.std(scores)),
        scores=scores,
        metrics={
            name: float(np.mean([fit.metrics[name] for fit in fits])) for name in fits[0].metrics
        },
        fit_seconds=float(np.mean([fit.fit_seconds for fit in fits])),
        predict_microseconds=float(np.mean([fit.predict_seconds / fit.rows for fit in fits])) * 1e6,
        size=round(float(np.mean([fit.size for fit in fits]))),
        parameters=dict(candidate.parameters),
        is_baseline=candidate.is_baseline,
        ineligible=form.ineligible,
        form=form.form,
        obstacle=form.obstacle,
    )


def _remarks(
    candidate: Candidate, fits: Sequence[_Fit], data: TrainingData, folds: Sequence[Fold]
) -> Iterator[str]:
    rows = len(data.labels)
    used = rows_to_fit(candidate, data.task, data.matrix)
    if used < rows:
        yield f"fitted on a sample of {used:,} of {rows:,} rows, to bound its memory and time"
    labels = np.concatenate([data.labels[fold.validation_idx] for fold in folds])
    if is_perfect(labels, np.concatenate([fit.scores for fit in fits])):
        yield PERFECT
