"""A loaded model: matrix in, scores out, whatever its form."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ._encoder import Matrix
from ._model_file import ModelFile
from ._process_environment import disable_telemetry


class ModelSession(Protocol):
    def run(self, matrix: Matrix) -> NDArray[np.float64]:
        """Raw scores: probabilities of shape (rows, classes), or values of shape (rows, 1)."""
        ...


def open_session(
    model: ModelFile, *, threads: int = 1, trusted_types: Sequence[str] = ()
) -> ModelSession:
    """Load a model.

    Args:
        model: the file.
        threads: number of threads that a prediction may use.
        trusted_types: types that a skops file may contain besides scikit-learn's.

    Raises:
        BundleError: if a skops file contains other types, or the extra `native` is not installed.
    """
    if model.form == "onnx":
        return OnnxSession(model.content, threads=threads)
    from ._native_session import NativeSession

    return NativeSession(model, threads=threads, trusted_types=trusted_types)


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
        """See `ModelSession`."""
        (scores,) = self._session.run(self._outputs, {self._input: matrix})
        return np.asarray(scores, dtype=np.float64)


def _import_onnxruntime() -> Any:
    # It reads the environment when it is imported, and starts to report its use then.
    disable_telemetry()
    import onnxruntime

    return onnxruntime
