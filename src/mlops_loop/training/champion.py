"""The present champion's answers to the held-out rows it has not been trained on."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ..bundle import read_bundle
from ..contract import Contract
from ..contract.columns import Columns, length, take, to_datetime64
from ..evaluation.metrics import Floats
from ..feature_set import FeatureSet
from ..predictor import OnnxPredictor, Predictor
from ..publication import BundleStore


@dataclass(frozen=True)
class Comparison:
    """Which held-out rows the gate looks at, and what the champion says about them.

    Attributes:
        rows: mask over the held-out rows.
        predicted: the champion's answers to the rows of the mask; None where it cannot be
            asked.
        note: why rows were left out or nothing is compared; empty where all went well.
    """

    rows: NDArray[np.bool_]
    predicted: Floats | None = None
    note: str = ""


def compare_with_champion(
    store: BundleStore,
    version: str | None,
    features: FeatureSet,
    contract: Contract,
    held_out: Columns,
    *,
    threads: int,
) -> Comparison:
    """Ask the champion, through the predictor that serves it, about rows that it never saw."""
    everything = np.ones(length(held_out), dtype=np.bool_)
    if version is None:
        return Comparison(everything)
    predictor = OnnxPredictor(
        read_bundle(store.fetch(version), features.digest), features, threads=threads
    )
    if not _answers_alike(predictor, contract):
        return Comparison(everything, None, f"Champion {version} has another contract.")
    rows = _unseen(predictor, contract, held_out)
    if not rows.any():
        note = f"Champion {version} was trained on these rows, so it is not compared."
        return Comparison(everything, None, note)
    note = "" if rows.all() else f"{(~rows).sum()} rows that champion {version} knew are left out."
    return Comparison(rows, answers(predictor, take(held_out, rows)), note)


def answers(predictor: Predictor, columns: Columns) -> Floats:
    """Probabilities of shape (rows, classes), or values of shape (rows,)."""
    found = predictor.predict(columns)
    if found.probabilities is not None:
        return found.probabilities
    return np.asarray(found.values, dtype=np.float64)


def _answers_alike(predictor: Predictor, contract: Contract) -> bool:
    wanted = {(column.name, column.type) for column in predictor.contract.inputs}
    given = {(column.name, column.type) for column in contract.inputs}
    same_target = predictor.contract.target_digest == contract.target_digest
    return same_target and predictor.contract.classes == contract.classes and wanted <= given


def _unseen(predictor: Predictor, contract: Contract, held_out: Columns) -> NDArray[np.bool_]:
    until = predictor.manifest.trained_until
    if until is None or contract.time is None:
        return np.ones(length(held_out), dtype=np.bool_)
    last = to_datetime64(datetime.fromisoformat(until))
    return np.asarray(held_out[contract.time.name] > last)
