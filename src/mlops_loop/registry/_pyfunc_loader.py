"""Loader of `mlflow.pyfunc.load_model`; the package is logged as code."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa

from .._bundle import read_bundle
from .._feature_set import FeatureSet
from .._packaged_features import features_of
from .._predictor import BundlePredictor
from ..contract._arrow import from_arrow
from ..contract._casting import read_table
from ..contract._columns import Columns
from ..contract._messages import unreadable
from ..contract._model import Contract
from ..contract._outputs import PREDICTION, probability_names
from ..errors import InputError


class BundleModel:
    """A bundle with MLflow's interface: data frame in, data frame out."""

    def __init__(self, predictor: BundlePredictor) -> None:
        self._predictor = predictor

    def predict(self, frame: Any, params: dict[str, Any] | None = None) -> Any:
        """Predictions, and probabilities by class, with the index of `frame`."""
        contract = self._predictor.contract
        answer = self._predictor.predict(_columns(contract, frame))
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


def _columns(contract: Contract, frame: Any) -> Columns:
    """A data frame in the contract's types; values of an absent column are missing.

    Raises:
        InputError: if a value cannot be read, naming its column.
    """
    present = [column.name for column in contract.inputs if column.name in frame]
    cast = read_table(contract.inputs, pa.Table.from_pandas(frame[present], preserve_index=False))
    for column in contract.inputs:
        if column.name in cast.unreadable:
            raise InputError(f"{column.name}: {unreadable(column)}")
    return from_arrow(contract, cast.table)
