"""Prediction of columns with ONNX Runtime, online and in batch scoring."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ._bundle import MODEL, Bundle, Manifest
from ._encoder import Matrix
from ._feature_set import FeatureSet
from ._process_environment import disable_telemetry
from .contract._columns import Columns
from .contract._model import Class, Contract


@dataclass(frozen=True)
class Prediction:
    """Predictions for a block of rows, which hooks after a prediction get and return.

    Attributes:
        values: one class or number a row.
        probabilities: float64, shape (rows, classes) in the order of the contract's classes; None
            for regression.

    Examples: An `after_predict` hook.
        >>> def at_least_zero(columns, prediction):
        ...     values = [max(value, 0.0) for value in prediction.values]
        ...     return Prediction(values, prediction.probabilities)
        >>> at_least_zero({}, Prediction([-0.5, 2.0], None)).values
        [0.0, 2.0]
    """

    values: Sequence[Class | float]
    probabilities: NDArray[np.float64] | None


class Predictor(Protocol):
    @property
    def manifest(self) -> Manifest: ...

    @property
    def contract(self) -> Contract: ...

    def predict(self, columns: Columns) -> Prediction:
        """Predict rows that the contract has accepted."""
        ...


class OnnxPredictor:
    """A bundle in ONNX Runtime."""

    def __init__(self, bundle: Bundle, features: FeatureSet, *, threads: int = 1) -> None:
        self.manifest = bundle.manifest
        self.contract = bundle.contract
        self._encoder = bundle.encoder
        self._features = features
        self._session = OnnxSession(bundle.read(MODEL), threads=threads)

    def predict(self, columns: Columns) -> Prediction:
        matrix = self._encoder.encode(self._features.apply(columns))
        return decide(self._session.run(matrix), self.manifest.classes, self.manifest.threshold)


class OnnxSession:
    """An exported model in ONNX Runtime, on the CPU, with a limited number of threads."""

    def __init__(self, model: bytes, *, threads: int = 1) -> None:
        onnxruntime = _import_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        # A classifier puts out its labels first.
        self._outputs = [self._session.get_outputs()[-1].name]

    def run(self, matrix: Matrix) -> NDArray[np.float64]:
        """Raw scores: probabilities of shape (rows, classes), or values of shape (rows, 1)."""
        (scores,) = self._session.run(self._outputs, {self._input: matrix})
        return np.asarray(scores, dtype=np.float64)


def _import_onnxruntime() -> Any:
    # It reads the environment when it is imported, and starts to report its use then.
    disable_telemetry()
    import onnxruntime

    return onnxruntime


def decide(
    scores: NDArray[np.float64], classes: Sequence[Class], threshold: float | None = None
) -> Prediction:
    """Turn raw scores into classes, by the threshold where there is one, or into numbers."""
    if not classes:
        return Prediction(scores.reshape(-1).tolist(), None)
    if threshold is not None:
        codes = (scores[:, 1] >= threshold).astype(np.intp)
    else:
        codes = scores.argmax(axis=1)
    return Prediction([classes[code] for code in codes.tolist()], scores)
