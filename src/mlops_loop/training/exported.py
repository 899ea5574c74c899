"""The fitted model in the form that is served, compared with its native form."""

from dataclasses import dataclass

from ..evaluation.holdout import Holdout
from ..evaluation.metrics import Floats
from ..models import predict_scores
from ..predictor import OnnxSession
from .export import Parity, check_parity, export, one_row_seconds
from .final_fit import FittedModel
from .onnx_postprocessing import append_postprocessing


@dataclass(frozen=True)
class ExportedModel:
    """A model's exported form.

    Attributes:
        fitted: its native form.
        content: ONNX bytes; calibration is part of the graph.
        parity: how near it is to the native form on held-out rows.
        latency: median time to predict one row, in seconds.
        baseline: scores of the baseline for the held-out rows.
        holdout: the held-out rows.
    """

    fitted: FittedModel
    content: bytes
    parity: Parity
    latency: float
    baseline: Floats
    holdout: Holdout


def export_onnx(model: FittedModel, *, parity: Holdout) -> ExportedModel:
    """Export the winner, and check that the exported form predicts the same.

    Args:
        model: as `fit_best` returned it.
        parity: the held-out rows. Their labels are not read.

    Raises:
        ExportError: if there is no ONNX form, or one that predicts differently.
    """
    if not isinstance(parity, Holdout):
        raise TypeError(
            "export_onnx checks parity on the held-out rows (`parity=data.holdout`), not "
            f"{type(parity).__name__}: on rows that it has learnt a model is no test of itself"
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
