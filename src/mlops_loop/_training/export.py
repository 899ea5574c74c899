"""Export of the fitted model to ONNX, and the parity check."""

import time
import warnings
from copy import deepcopy
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from .._encoder import UNKNOWN, Encoder, Matrix
from .._predictor import OnnxSession
from ..contract._columns import Floats
from ..errors import ExportError
from ..models import Candidate, predict_scores

# Supported by ONNX Runtime of recent years; pinned, so that upgrades do not change bundles.
OPSETS = {"": 17, "ai.onnx.ml": 3}
TOLERANCE = 1e-5
_ROWS = 10_000
_STRESSED_ROWS = 50
_TIMED_ROWS = 100


@dataclass(frozen=True)
class Parity:
    """Largest difference between the native and the exported model.

    Attributes:
        tolerance: largest allowed difference, in probability or in units of the target.
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


def export(candidate: Candidate, estimator: Any, features: int) -> bytes:
    """ONNX bytes: one float tensor of shape (rows, features) in, scores as the last output.

    Raises:
        ExportError: if the library has no converter for the estimator.
    """
    convert = candidate.to_onnx or _skl2onnx
    try:
        return convert(estimator, features)
    except Exception as error:  # converters raise whatever comes
        kind = type(error).__name__
        first = str(error).partition("\n")[0][:200]
        raise ExportError(
            f"{candidate.name} cannot be converted ({kind}: {first}): give it a to_onnx"
        ) from error


def check_parity(
    model: bytes,
    estimator: Any,
    matrix: Matrix,
    encoder: Encoder,
    *,
    classes: int,
    tolerance: float = TOLERANCE,
) -> Parity:
    """Compare both forms of a model on rows it was not trained on, and on harder ones.

    Args:
        model: the exported form.
        estimator: the native one.
        matrix: held-out rows.
        encoder: says which columns are categories.
        classes: number of classes, 0 for a regression, whose tolerance is relative to its
            largest answer.
        tolerance: largest difference allowed.

    Raises:
        ExportError: if they differ by more.
    """
    rows = np.concatenate([matrix[:_ROWS], stressed(matrix, encoder)])
    native = predict_scores(estimator, rows, classes)
    exported = OnnxSession(model).run(rows).reshape(native.shape)
    if not classes:
        tolerance *= max(1.0, float(np.abs(native).max()))
    differences = np.abs(native - exported)
    difference = float(differences.max())
    if not difference <= tolerance:
        raise ExportError(_complaint(differences, tolerance))
    return Parity(difference, tolerance, len(rows))


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


def one_row_seconds(session: OnnxSession, matrix: Matrix) -> float:
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


def _skl2onnx(estimator: Any, features: int) -> bytes:
    from skl2onnx import to_onnx

    example = np.zeros((1, features), dtype=np.float32)
    options = {"zipmap": False} if hasattr(estimator, "classes_") else None
    estimator = _with_single_thresholds(estimator)
    with warnings.catch_warnings():
        # skl2onnx hands booleans to protobuf's integer fields.
        warnings.filterwarnings("ignore", "Field onnx.AttributeProto", DeprecationWarning)
        converted = to_onnx(estimator, example, options=options, target_opset=OPSETS)
    return bytes(converted.SerializeToString())


def _with_single_thresholds(estimator: Any) -> Any:
    """Histogram gradient-boosted trees with thresholds that float32 holds; others as they are.

    A split between two neighbours in float32 lies between them in double precision. skl2onnx
    rounds it to the nearer one, which may be the upper; the lower one parts all rows as before.
    """
    if not hasattr(estimator, "_predictors"):
        return estimator
    estimator = deepcopy(estimator)
    for tree in chain.from_iterable(estimator._predictors):
        exact = tree.nodes["num_threshold"]
        single = exact.astype(np.float32)
        below = np.nextafter(single, np.float32(-np.inf))
        tree.nodes["num_threshold"] = np.where(single > exact, below, single)
    return estimator
