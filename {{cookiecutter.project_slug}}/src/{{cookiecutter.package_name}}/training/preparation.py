"""From the snapshot's columns to what candidates are fitted on, and to the rows held out."""

from dataclasses import dataclass

import numpy as np

from ..contract import Contract
from ..contract.columns import Columns, length, take
from ..data.split import folds, split
from ..encoder import Encoder, Matrix
from ..evaluation.target import Truth, encode_target
from ..feature_set import load_features
from ..settings import Settings
from .leaderboard import Folds


@dataclass(frozen=True)
class Holdout:
    """Rows that no candidate sees: raw columns, the matrix, and the truth for the gate alone."""

    columns: Columns
    matrix: Matrix
    truth: Truth


@dataclass(frozen=True)
class Prepared:
    encoder: Encoder
    folds: Folds
    holdout: Holdout
    trained_until: str | None


def prepare(settings: Settings, contract: Contract, columns: Columns) -> Prepared:
    """Split, fit the encoder on the training rows, encode.

    Raises:
        SnapshotError: if the rows do not suffice for a training and a holdout.
    """
    parts = split(contract, columns, settings)
    train = take(columns, parts.train_idx)
    held = take(columns, parts.holdout_idx)
    features = load_features()
    enriched = features.apply(train)
    cuts = folds(contract, train, settings, np.arange(length(train)))
    encoder = Encoder.fit(features.columns(contract), enriched)
    return Prepared(
        encoder=encoder,
        folds=Folds(
            matrix=encoder.encode(enriched),
            truth=encode_target(contract, train),
            pairs=[(fold.fit_idx, fold.validation_idx) for fold in cuts],
            classes=len(contract.classes),
        ),
        holdout=Holdout(
            columns=held,
            matrix=encoder.encode(features.apply(held)),
            truth=encode_target(contract, held),
        ),
        trained_until=_last_moment(contract, train),
    )


def _last_moment(contract: Contract, columns: Columns) -> str | None:
    if contract.time is None:
        return None
    return str(np.datetime_as_string(columns[contract.time.name].max(), "s")) + "+00:00"
