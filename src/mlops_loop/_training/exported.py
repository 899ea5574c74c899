"""The fitted model as ONNX, compared with the native model."""

from dataclasses import dataclass

from .._predictor import OnnxSession
from ..contract._columns import Floats
from ..evaluation._holdout import Holdout
from ..models import predict_scores
from .export import Parity, check_parity, export, one_row_seconds
from .final_fit import FittedModel
from .onnx_postprocessing import append_postprocessing


@dataclass(frozen=True)
class ExportedModel:
    """A model exported to ONNX.

    Attributes:
        fitted: the native model.
        content: ONNX bytes; calibration is part of the graph.
        parity: difference from the native model on held-out rows.
        latency: median time to predict one row, in seconds.
        baseline: predictions of the baseline for the held-out rows.
        holdout: the held-out rows.
    """

    fitted: FittedModel
    content: bytes
    parity: Parity
    latency: float
    baseline: Floats
    holdout: Holdout


def export_onnx(model: FittedModel, *, parity: Holdout) -> ExportedModel:
    """Export the best candidate to ONNX, and check that ONNX predicts the same.

    Args:
        model: the result of `fit_best`.
        parity: the held-out rows (`data.holdout`). Their labels are not read.

    Raises:
        ExportError: if the model cannot be converted, or ONNX predicts differently.
    """
    if not isinstance(parity, Holdout):
        raise TypeError(
            "export_onnx checks parity on the held-out rows (`parity=data.holdout`), not "
            f"{type(parity).__name__}"
        )
    data = model.data
    matrix, classes, context = parity.matrix, data.classes, data.rows.context
    with context.timed("export"):
        content = export(model.candidate, model.estimator, matrix.shape[1])
        if classes:
            seen = model.estimator.classes_.astype(int).tolist()
            content = append_postprocessing(content, seen, classes, model.calibration)
        compared = check_parity(
            content, model.calibrated(), matrix, data.task.encoder, classes=classes
        )
        session = OnnxSession(content, threads=data.task.threads)
        latency = one_row_seconds(session, matrix)
    baseline = predict_scores(model.baseline, matrix, classes)
    return ExportedModel(model, content, compared, latency, baseline, parity)
