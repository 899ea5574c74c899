"""The champion's predictions for the held-out rows that it has not been trained on."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from .._bundle import ENCODER, Bundle, read_bundle, require_same_target
from .._champion import other_target
from .._model_file import model_digest
from .._packaged_features import packaged_features
from .._predictor import Predictor
from .._project import Project
from .._references import RunRef
from ..contract import Contract
from ..contract._columns import Columns, Floats, length, take, to_datetime64
from ..errors import BundleError, ProjectError


@dataclass(frozen=True)
class ChampionPredictions:
    """The champion's predictions for held-out rows.

    Attributes:
        rows: mask over the held-out rows.
        predicted: the champion's predictions for the rows of the mask; None if there is no
            champion, or it cannot be compared.
        note: a remark, e.g. why rows were left out or nothing is compared.
        hold: why the version must not be promoted automatically: there is a champion of other
            features, and the version was not compared with it. Empty otherwise.
        trial_possible: whether the champion has the same features, so that one service can run
            both.
    """

    rows: NDArray[np.bool_]
    predicted: Floats | None = None
    note: str = ""
    hold: str = ""
    trial_possible: bool = False


class _NotComparedError(Exception):
    """Why a champion cannot be compared."""


def predict_with_champion(project: Project, held_out: Columns) -> ChampionPredictions:
    """Predict held-out rows with the champion, as in the service.

    After an edit of `features.py` there is no champion with the same features yet; the champion of
    the previous features then predicts with its own features.

    Args:
        project: the project with the champion.
        held_out: raw columns of the held-out rows.
    """
    everything = np.ones(length(held_out), dtype=np.bool_)
    version = project.published().champion
    if version is not None:
        bundle = read_bundle(project.bundles.fetch(version), project.features.digest)
        predictor = project.load_predictor(bundle, threads=_threads(project))
        try:
            compared = _compare(predictor, project.contract, held_out)
            return replace(compared, trial_possible=True)
        except _NotComparedError as reason:
            return ChampionPredictions(everything, None, f"{reason}.")
    predecessor = find_predecessor(project)
    if predecessor is None:
        missing = other_target(project.bundles, project.contract) or "there is no champion yet"
        note = f"Compared with the baseline only: {missing}."
        return ChampionPredictions(everything, note=note)
    try:
        with packaged_features(project.registry, predecessor) as features:
            predictor = project.load_predictor(
                predecessor, features=features, threads=_threads(project)
            )
            compared = _compare(predictor, project.contract, held_out)
    except (_NotComparedError, ProjectError) as reason:
        hold = (
            f"champion {predecessor.manifest.version} has other features, and this version could "
            f"not be compared with it: {reason}"
        )
        return ChampionPredictions(everything, None, f"Not compared: {hold}.", hold)
    note = (
        f"Champion {predecessor.manifest.version} predicted with its own features "
        f"({predecessor.manifest.features_digest}), from the code in its model. A trial beside it "
        "is not possible, as a service runs one version of the code, so this comparison decides."
    )
    return ChampionPredictions(compared.rows, compared.predicted, f"{note} {compared.note}".strip())


def identical_champion(project: Project, run: RunRef, threshold: float | None) -> str:
    """The champion if the model of a run predicts as it does, byte by byte; else empty."""
    version = project.published().champion
    if version is None:
        return ""
    manifest = read_bundle(project.bundles.fetch(version), project.features.digest).manifest
    own, other = ((model_digest(files), files[ENCODER]) for files in (run.files, manifest.files))
    return version if own == other and threshold == manifest.threshold else ""


def find_predecessor(project: Project) -> Bundle | None:
    """The champion of the previous features; None if there is none.

    A champion with another target does not count, as it cannot be compared.
    """
    version = project.bundles.pointer().predecessor(project.rollout_key)
    if version is None:
        return None
    bundle = read_bundle(project.bundles.fetch(version))
    try:
        require_same_target(bundle, project.contract)
    except BundleError:
        return None
    return bundle


def _compare(predictor: Predictor, contract: Contract, held_out: Columns) -> ChampionPredictions:
    version = predictor.manifest.version
    _require_comparable(predictor, contract)
    rows = _unseen(predictor, contract, held_out)
    if not rows.any():
        raise _NotComparedError(
            f"Champion {version} was trained on these rows, so it is not compared"
        )
    note = f"Compared with champion {version} on the same rows."
    if not rows.all():
        note += f" {(~rows).sum()} rows that champion {version} was trained on are left out."
    return ChampionPredictions(rows, scores_of(predictor, take(held_out, rows)), note)


def scores_of(predictor: Predictor, columns: Columns) -> Floats:
    """Probabilities of shape (rows, classes), or values of shape (rows,)."""
    found = predictor.predict(columns)
    if found.probabilities is not None:
        return found.probabilities
    return np.asarray(found.values, dtype=np.float64)


def _threads(project: Project) -> int:
    return project.settings.training.threads


def _require_comparable(predictor: Predictor, contract: Contract) -> None:
    """Raise _NotComparedError unless both predict the same classes from columns of the contract."""
    own, version = predictor.contract, predictor.manifest.version
    if own.classes != contract.classes:
        classes = ", ".join(map(str, own.classes))
        raise _NotComparedError(f"Champion {version} predicts other classes ({classes})")
    column = contract.first_missing_input(own)
    if column is not None:
        raise _NotComparedError(
            f"Champion {version} needs the column {column.name} ({column.type}), which the "
            "contract does not have"
        )


def _unseen(predictor: Predictor, contract: Contract, held_out: Columns) -> NDArray[np.bool_]:
    until = predictor.manifest.trained_until
    if until is None or contract.time is None:
        return np.ones(length(held_out), dtype=np.bool_)
    last = to_datetime64(datetime.fromisoformat(until))
    return np.asarray(held_out[contract.time.name] > last)
