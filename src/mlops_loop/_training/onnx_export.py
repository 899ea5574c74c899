"""Export of a fitted estimator to ONNX."""

import warnings
from copy import deepcopy
from itertools import chain
from typing import Any

import numpy as np

from ..errors import ExportError
from ..models import Candidate
from ..models._scaled_target import ScaledTarget
from .onnx_postprocessing import append_rescaling

# Supported by ONNX Runtime of recent years; pinned, so that upgrades do not change bundles.
OPSETS = {"": 17, "ai.onnx.ml": 3}


def export(candidate: Candidate, estimator: Any, features: int) -> bytes:
    """ONNX bytes: one float tensor of shape (rows, features) in, scores as the last output.

    Raises:
        ExportError: if the library has no converter for the estimator.
    """
    convert = candidate.to_onnx or _skl2onnx
    scaled = estimator if isinstance(estimator, ScaledTarget) else None
    try:
        content = convert(scaled.estimator if scaled else estimator, features)
        return append_rescaling(content, scaled.center, scaled.scale) if scaled else content
    except Exception as error:  # converters raise whatever comes
        kind = type(error).__name__
        first = str(error).partition("\n")[0][:200]
        raise ExportError(
            f"{candidate.name} cannot be converted to ONNX ({kind}: {first})"
        ) from error


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
