"""Prediction of columns with the model of a bundle, online and in batch scoring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ._bundle import Bundle, BundleContent, Manifest
from ._feature_set import FeatureSet
from ._model_session import open_session
from .contract._columns import Columns
from .contract._model import Class, Contract
from .errors import EngineError


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


class BundlePredictor:
    """A bundle's model, with the features and the encoder before it."""

    def __init__(
        self,
        bundle: Bundle | BundleContent,
        features: FeatureSet,
        *,
        threads: int = 1,
        trusted_types: Sequence[str] = (),
    ) -> None:
        self.manifest = bundle.manifest
        self.contract = bundle.contract
        self._encoder = bundle.encoder
        self._features = features
        self._session = open_session(bundle.model, threads=threads, trusted_types=trusted_types)
        self._bundle = bundle
        self._options = {"threads": threads, "trusted_types": trusted_types}

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy in another process has a session of its own, and needs no bundle store."""
        bundle = self._bundle.content if isinstance(self._bundle, Bundle) else self._bundle
        return _in_this_process, (bundle, self._features, self._features.digest, self._options)

    def predict(self, columns: Columns) -> Prediction:
        matrix = self._encoder.encode(self._features.apply(columns))
        return decide(self._session.run(matrix), self.manifest.classes, self.manifest.threshold)


def _in_this_process(
    bundle: BundleContent, features: FeatureSet, digest: str, options: Mapping[str, Any]
) -> BundlePredictor:
    if replace(features).digest != digest:
        raise EngineError(
            f"the features code of a worker (module {features.module}) differs: install the same "
            "version of the project on all machines"
        )
    return BundlePredictor(bundle, features, **options)


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
