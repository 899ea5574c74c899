"""Loader of `mlflow.pyfunc.load_model`; the package is logged as code."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from .._bundle import read_bundle
from .._feature_set import FeatureSet
from .._packaged_features import features_of
from .._predictor import BundlePredictor
from ..contract._column_definition import Column
from ..contract._columns import DTYPES, Array, Columns
from ..contract._outputs import PREDICTION, probability_names


class BundleModel:
    """A bundle with MLflow's interface: data frame in, data frame out."""

    def __init__(self, predictor: BundlePredictor) -> None:
        self._predictor = predictor

    def predict(self, frame: Any, params: dict[str, Any] | None = None) -> Any:
        """Predictions, and probabilities by class, with the index of `frame`."""
        contract = self._predictor.contract
        columns: Columns = {spec.name: _array(spec, frame) for spec in contract.inputs}
        answer = self._predictor.predict(columns)
        answers: dict[str, Any] = {PREDICTION: answer.values}
        if answer.probabilities is not None:
            names = probability_names(contract.classes)
            answers |= dict(zip(names, answer.probabilities.T, strict=True))
        return type(frame)(answers, index=frame.index)


def _load_pyfunc(path: str) -> BundleModel:
    bundle = read_bundle(Path(path))
    # By name: MLflow has put the project's code on the path.
    module = bundle.manifest.features_module
    declared: FeatureSet = import_module(module).FEATURES if module else FeatureSet()
    # Loading an MLflow model runs its code, so its types are trusted as well.
    trusted = bundle.manifest.types
    return BundleModel(
        BundlePredictor(bundle, features_of(declared, bundle), trusted_types=trusted)
    )


def _array(spec: Column, frame: Any) -> Array:
    """One column of a data frame in the contract's type; values of an absent one are missing."""
    dtype = DTYPES[spec.type]
    if spec.name not in frame:
        empty = None if dtype == "object" else np.nan
        if spec.type == "datetime":
            return np.full(len(frame), np.datetime64("NaT"), dtype=dtype)
        return np.full(len(frame), empty, dtype=dtype)
    values = frame[spec.name]
    is_missing = values.isna().to_numpy()
    if spec.type == "datetime":
        return _moments(values).astype(dtype)
    array: Array = np.array(values.to_numpy(dtype=object, copy=True))
    array[is_missing] = None if dtype == "object" else np.nan
    return array.astype(dtype)


def _moments(values: Any) -> Array:
    """Datetimes or ISO 8601 texts as UTC, which those without a time zone are taken for."""
    import pandas

    moments = pandas.to_datetime(values, utc=True, format="ISO8601")
    array: Array = moments.dt.tz_localize(None).to_numpy()
    return array
