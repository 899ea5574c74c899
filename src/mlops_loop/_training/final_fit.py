"""The final fit of the best candidate on all training rows."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from .._calibration import Calibration
from .._model_file import Form
from ..models import Candidate
from ..models._fitting import expected_warnings, fit
from .calibration import Calibrated, OutOfFold
from .calibration import calibrate as find_calibration
from .calibration import cheapest_threshold
from .cross_validation import require_training_data
from .data import TrainingData
from .leaderboard import Leaderboard

_ROWS_PER_THREAD = 50_000


@dataclass(frozen=True)
class FittedModel:
    """Two models fitted on all training rows: the winner and the baseline.

    Attributes:
        candidate: the best candidate.
        estimator: the winner, before calibration.
        baseline: the baseline that the gate compares with.
        calibration: calibration of the winner's probabilities, if that helps.
        threshold: probability from which the second of two classes is predicted.
        data: the data that they were fitted on.
        form: the form in which the winner is exported.
    """

    candidate: Candidate
    estimator: Any
    baseline: Any
    calibration: Calibration | None
    threshold: float | None
    data: TrainingData
    form: Form = "onnx"

    def calibrated(self) -> Any:
        """The winner as it is to be exported."""
        return Calibrated(self.estimator, self.calibration) if self.calibration else self.estimator


def fit_best(leaderboard: Leaderboard, data: TrainingData, *, calibrate: bool) -> FittedModel:
    """Fit the best candidate and the baseline on all training rows.

    Calibration (vector scaling: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017)
    and decision threshold are fitted on the out-of-fold scores of the leaderboard.

    Args:
        leaderboard: the result of `cross_validate`.
        data: the same training rows.
        calibrate: whether to calibrate probabilities, if that lowers the log loss in every fold.

    Raises:
        TrainingError: if no candidate can win.
    """
    require_training_data(data, "fit_best")
    row = leaderboard.winner
    winner = leaderboard.entries[leaderboard.rows.index(row)]
    baseline = next(entry.candidate for entry in leaderboard.entries if entry.candidate.is_baseline)
    context = data.rows.context
    context.on_stage(f"fitting {winner.candidate.name}")
    # Linear algebra on one thread: the matrices are narrow, and the sums come out the same.
    # Several threads of a fit on few rows wait for each other, most of all on a busy machine.
    threads = min(data.task.threads, 1 + len(data.labels) // _ROWS_PER_THREAD)
    limits = {"openmp": threads, "blas": 1}
    with (
        context.timed("fits"),
        threadpool_limits(limits),
        expected_warnings(),
        data.on_engine() as running,
    ):
        fitted = [
            fit(candidate, data.task, running.matrix, data.labels)
            for candidate in (winner.candidate, baseline)
        ]
    calibration, threshold = None, None
    if data.classes:
        rows = _out_of_fold(leaderboard, winner.scores, data)
        calibration = find_calibration(rows) if calibrate else None
        if data.classes == 2:
            if calibration:
                rows = replace(rows, probabilities=calibration.apply(rows.probabilities))
            threshold = cheapest_threshold(rows, data.rows.settings.training.costs)
    return FittedModel(
        winner.candidate, fitted[0], fitted[1], calibration, threshold, data, row.form
    )


def _out_of_fold(leaderboard: Leaderboard, scores: Any, data: TrainingData) -> OutOfFold:
    rests = [fold.validation_idx for fold in leaderboard.folds]
    number = np.concatenate([np.full(len(rest), at) for at, rest in enumerate(rests)])
    labels = data.labels[np.concatenate(rests)].astype(np.int64)
    return OutOfFold(labels, np.concatenate(scores), number)
