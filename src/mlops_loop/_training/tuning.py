"""Tuning of the candidates' parameters with Optuna: bounded, seeded, pruned, resumable."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from threadpoolctl import threadpool_limits

from ..data._split import Fold
from ..evaluation._metric import Metric, MetricChoice
from ..models import Candidate
from ..models._fitting import expected_warnings
from ..models._stored_matrix import StoredMatrix
from .cross_validation import for_problem, require_training_data
from .data import TrainingData
from .served_form import forms_before_fits


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
    `training.tuning`: trials, those of earlier runs and of other processes with the same
    `training.tuning.storage` included, and the time of this run. A trial that was interrupted is
    not counted.

    Args:
        candidates: the candidates.
        data: the training rows (`data.train`). Held-out rows are not accepted.
        metric: the metric that is optimized.
        resume: whether to require an earlier search to resume.

    Returns:
        The candidates, and a tuned copy of each that has a search space.

    Raises:
        InputError: if there is no earlier search of the same rows, features and folds.
        SettingsError: if the storage of the trials cannot be opened as it is configured.
        SnapshotError: if the folds cannot be halved.
        StoreUnavailableError: if the storage of the trials cannot be reached.
        TrainingError: if no candidate could be served.

    Examples:
        >>> def candidates(data, *, tune):
        ...     return tune_all(CANDIDATES, data.train, METRIC) if tune else CANDIDATES
    """
    # Not needed by a training without tuning, and it imports another 100 modules.
    from .optuna_search import require_study, tune

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
    if resume:
        require_study(data.rows.settings, studies)
    with (
        data.rows.context.timed("tuning"),
        threadpool_limits({"openmp": data.task.threads, "blas": 1}),
        expected_warnings(),
        data.on_engine() as running,
    ):
        tuned = [
            replace(
                candidate,
                name=f"{candidate.name} tuned",
                parameters=tune(candidate, running, folds, decides, study),
                is_tuned=True,
            )
            for candidate, study in zip(searched, studies, strict=True)
        ]
    return [*candidates, *tuned]


def study_name(
    candidate: Candidate, metric: Metric, data: TrainingData, folds: Sequence[Fold]
) -> str:
    """The same only for trials that can be compared: same rows, same features, same folds."""
    digest = hashlib.blake2b(digest_size=8)
    matrix = data.matrix
    for block in matrix.blocks() if isinstance(matrix, StoredMatrix) else (matrix,):
        digest.update(block.tobytes())
    digest.update(data.labels.tobytes())
    for fold in folds:
        digest.update(fold.fit_idx.tobytes())
        digest.update(fold.validation_idx.tobytes())
    return f"{candidate.name}-{metric.name}-{data.rows.snapshot.digest}-{digest.hexdigest()}"
