"""Whether an exported model predicts the same as the native one."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._encoder import UNKNOWN, Encoder, Matrix
from .._model_session import ModelSession
from ..contract._columns import Floats
from ..errors import ExportError
from ..models import predict_scores
from ..models._scaled_target import ScaledTarget

TOLERANCE = 1e-5
_ROWS = 10_000
_STRESSED_ROWS = 50
_TIMED_ROWS = 100


@dataclass(frozen=True)
class Parity:
    """Largest difference between the native and the exported model.

    Attributes:
        difference: in probability, or in units of the spread of the target.
        tolerance: largest allowed difference, in the same units.
        rows: rows compared, those made with missing values and unseen categories included.
    """

    difference: float
    tolerance: float
    rows: int

    def values(self) -> dict[str, float]:
        """For MLflow and the manifest."""
        return {
            "difference": self.difference,
            "tolerance": self.tolerance,
            "rows": float(self.rows),
        }


def check_parity(
    exported: ModelSession,
    estimator: Any,
    matrix: Matrix,
    encoder: Encoder,
    *,
    classes: int,
    tolerance: float = TOLERANCE,
) -> Parity:
    """Compare both forms of a model on rows it was not trained on, and on harder ones.

    Args:
        exported: the exported form.
        estimator: the native one.
        matrix: held-out rows.
        encoder: says which columns are categories.
        classes: number of classes, 0 for a regression, whose differences are in units of the
            spread of the target, and whose tolerance grows with the largest deviation.
        tolerance: largest difference allowed.

    Raises:
        ExportError: if they differ by more, or the native one fails.
    """
    rows = np.concatenate([matrix[:_ROWS], stressed(matrix, encoder)])
    native = _predicted(estimator, rows, classes)
    scores = exported.run(rows).reshape(native.shape)
    differences = np.abs(native - scores)
    if not classes:
        center, spread = _center_and_spread(estimator, native)
        differences /= spread
        tolerance *= max(1.0, float(np.abs(native - center).max()) / spread)
    difference = float(differences.max())
    if not difference <= tolerance:
        raise ExportError(_complaint(differences, tolerance))
    return Parity(difference, tolerance, len(rows))


def _center_and_spread(estimator: Any, native: Floats) -> tuple[float, float]:
    """Of the target, or of the predictions of an estimator that takes the target as it is."""
    if isinstance(estimator, ScaledTarget):
        return estimator.center, estimator.scale
    return float(native.mean()), float(native.std()) or 1.0


def _predicted(estimator: Any, rows: Matrix, classes: int) -> Floats:
    try:
        return predict_scores(estimator, rows, classes)
    except Exception as error:  # whatever its library raises
        first = str(error).partition("\n")[0]
        raise ExportError(
            "it cannot predict rows with missing values and unseen categories "
            f"({type(error).__name__}: {first}): put e.g. a SimpleImputer before it"
        ) from error


def stressed(matrix: Matrix, encoder: Encoder) -> Matrix:
    """Rows in which one column after another is missing, and each category unseen."""
    some = matrix[:_STRESSED_ROWS]
    blocks = [np.full_like(some[:1], np.nan)]
    changes = [(at, np.nan) for at in range(matrix.shape[1])]
    changes += [(at, UNKNOWN) for at in encoder.categorical]
    for at, value in changes:
        block = some.copy()
        block[:, at] = value
        blocks.append(block)
    return np.concatenate(blocks)


def one_row_seconds(session: ModelSession, matrix: Matrix) -> float:
    """Median time to predict one row, in seconds."""
    times = []
    for at in range(min(len(matrix), _TIMED_ROWS)):
        began = time.perf_counter()
        session.run(matrix[at : at + 1])
        times.append(time.perf_counter() - began)
    return float(np.median(times))


def _complaint(differences: Floats, tolerance: float) -> str:
    agree = differences.reshape(len(differences), -1).max(axis=1) <= tolerance
    wrong = int((~agree).sum())
    return (
        f"the exported model predicts differently on {wrong} of {len(differences)} rows, by up to "
        f"{differences.max():.2g} (limit {tolerance:.2g})"
    )
