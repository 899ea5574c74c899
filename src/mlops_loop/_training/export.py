"""The fitted model as a file, compared with the native model."""

from dataclasses import dataclass

from .._model_file import ModelFile
from .._model_session import open_session
from .._native_session import store_estimator
from ..contract._columns import Floats
from ..evaluation._holdout import Holdout
from ..models import predict_scores
from .final_fit import FittedModel
from .onnx_canonical import canonical
from .onnx_export import export
from .onnx_postprocessing import append_postprocessing
from .parity import Parity, check_parity, one_row_seconds


@dataclass(frozen=True)
class ExportedModel:
    """A model that can be served without the code that fitted it.

    Attributes:
        fitted: the native model.
        model: the file; calibration is part of it.
        parity: difference from the native model on held-out rows.
        latency: median time to predict one row, in seconds.
        baseline: predictions of the baseline for the held-out rows.
        holdout: the held-out rows.
    """

    fitted: FittedModel
    model: ModelFile
    parity: Parity
    latency: float
    baseline: Floats
    holdout: Holdout


def export_model(model: FittedModel, *, parity: Holdout) -> ExportedModel:
    """Export the best candidate, and check that the export predicts the same.

    It becomes ONNX; if that is not possible and `training.native_models` allows it, the estimator
    is stored as it is, in the format of skops.

    Args:
        model: the result of `fit_best`.
        parity: the held-out rows (`data.holdout`). Their labels are not read.

    Raises:
        ExportError: if the model cannot be exported, or the export predicts differently.
    """
    if not isinstance(parity, Holdout):
        raise TypeError(
            "export_model checks parity on the held-out rows (`parity=data.holdout`), not "
            f"{type(parity).__name__}"
        )
    data = model.data
    matrix, classes, context = parity.matrix, data.classes, data.rows.context
    trusted = data.rows.settings.serving.trusted_types
    with context.timed("export"):
        file = _native_file(model) if model.form == "skops" else _onnx_file(model)
        session = open_session(file, threads=data.task.threads, trusted_types=trusted)
        compared = check_parity(
            session, model.calibrated(), matrix, data.task.encoder, classes=classes
        )
        latency = one_row_seconds(session, matrix)
    baseline = predict_scores(model.baseline, matrix, classes)
    return ExportedModel(model, file, compared, latency, baseline, parity)


def _onnx_file(model: FittedModel) -> ModelFile:
    data = model.data
    content = export(model.candidate, model.estimator, data.matrix.shape[1])
    if data.classes:
        seen = model.estimator.classes_.astype(int).tolist()
        content = append_postprocessing(content, seen, data.classes, model.calibration)
    return ModelFile(canonical(content))


def _native_file(model: FittedModel) -> ModelFile:
    data = model.data
    return store_estimator(
        model.estimator,
        classes=data.classes,
        calibration=model.calibration,
        trusted_types=data.rows.settings.serving.trusted_types,
    )
