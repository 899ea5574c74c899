"""The form in which a candidate would be served, found out before it is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from .._encoder import Matrix
from .._model_file import Form, ModelFile
from .._model_session import open_session
from .._native_session import store_estimator
from ..errors import BundleError, ExportError, TrainingError
from ..models import Candidate
from ..models._fitting import expected_warnings, fit, is_learnable
from .data import TrainingData
from .onnx_export import export
from .parity import check_parity

# Enough rows to see whether an exported form predicts the same.
_CHECKED_ROWS = 1_000
# Enough rows to see whether there is a converter.
_FITTED_ROWS = 200
_REMEDY = "give it a `to_onnx`, or set `training.native_models: true` to serve it as it is"


@dataclass(frozen=True)
class ServedForm:
    """The form in which a candidate would be served.

    Attributes:
        form: form of the model's file.
        obstacle: why it has no ONNX form; empty if it has one.
        ineligible: why it cannot be served at all; empty if it can.
    """

    form: Form = "onnx"
    obstacle: str = ""
    ineligible: str = ""


def forms_before_fits(candidates: Sequence[Candidate], data: TrainingData) -> dict[str, ServedForm]:
    """The forms of candidates by name, found out on a few rows before time is spent on all.

    A candidate with a `to_onnx` of its own has an ONNX form, and a baseline needs none.

    Raises:
        TrainingError: if no candidate could be served.
    """
    limits = {"openmp": 1, "blas": 1}
    with data.rows.context.timed("forms"), threadpool_limits(limits), expected_warnings():
        forms = {candidate.name: _form_before_fits(candidate, data) for candidate in candidates}
    for name, form in forms.items():
        if form.obstacle:
            data.rows.context.on_stage(form.ineligible or f"{name} is served without ONNX")
    if all(each.is_baseline or forms[each.name].ineligible for each in candidates):
        reasons = "; ".join(form.ineligible for form in forms.values() if form.ineligible)
        raise TrainingError(f"no candidate can win: {reasons}")
    return forms


def find_form(
    candidate: Candidate, estimator: Any, matrix: Matrix, data: TrainingData
) -> ServedForm:
    """The form of a fitted candidate.

    Args:
        candidate: the candidate.
        estimator: its fitted estimator.
        matrix: rows to compare the estimator and its exported form on.
        data: the training rows.
    """
    matrix = matrix[:_CHECKED_ROWS]
    try:
        content = export(candidate, estimator, matrix.shape[1])
        # The columns of other classes are added to the model that wins.
        if data.classes == len(getattr(estimator, "classes_", ())):
            _require_parity(ModelFile(content), estimator, matrix, data)
        return ServedForm()
    except ExportError as error:
        obstacle = str(error)
    settings = data.rows.settings
    if not settings.training.native_models:
        return ServedForm("skops", obstacle, f"{obstacle}: {_REMEDY}")
    try:
        trusted = settings.serving.trusted_types
        file = store_estimator(estimator, classes=data.classes, trusted_types=trusted)
        _require_parity(file, estimator, matrix, data)
    except (BundleError, ExportError) as error:
        return ServedForm("skops", obstacle, f"{obstacle}; as it is, {error}")
    return ServedForm("skops", obstacle)


def _form_before_fits(candidate: Candidate, data: TrainingData) -> ServedForm:
    if candidate.is_baseline or candidate.to_onnx is not None:
        return ServedForm()
    rows = _few_rows(data)
    matrix, labels = data.matrix[rows], data.labels[rows]
    if not is_learnable(matrix, labels):
        return ServedForm()
    try:
        estimator = fit(candidate, replace(data.task, rows=len(rows)), matrix, labels)
    except TrainingError:  # it may need more rows; the fits report anything else
        return ServedForm()
    return find_form(candidate, estimator, matrix, data)


def _few_rows(data: TrainingData) -> Any:
    """Positions of rows from all over the table, among them one of each class."""
    rows = np.linspace(0, len(data.labels) - 1, _FITTED_ROWS).astype(np.intp)
    first = np.unique(data.labels, return_index=True)[1] if data.classes else rows
    return np.union1d(rows, first)


def _require_parity(file: ModelFile, estimator: Any, matrix: Matrix, data: TrainingData) -> None:
    session = open_session(file, trusted_types=data.rows.settings.serving.trusted_types)
    check_parity(session, estimator, matrix, data.task.encoder, classes=data.classes)
