"""From the snapshot's columns to what candidates are fitted on, and to the rows held out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..contract import Contract
from ..contract.columns import Columns, length, take
from ..data.split import Fold, folds, halved, split
from ..encoder import Encoder, Matrix
from ..errors import SnapshotError
from ..evaluation.target import Labels, encode_target
from ..feature_set import FeatureSet
from ..models._fitting import is_learnable
from ..settings import Settings
from .leaderboard import Folds, Index


@dataclass(frozen=True)
class Holdout:
    """Rows that no candidate sees: raw columns, the matrix, and the truth for the gate alone."""

    columns: Columns
    matrix: Matrix
    labels: Labels


@dataclass(frozen=True)
class Prepared:
    """What a training works on.

    Attributes:
        folds: what candidates are compared on.
        search_folds: what parameters are searched on, judged by other rows than `folds`; None
            where nothing is searched.
    """

    encoder: Encoder
    folds: Folds
    search_folds: Folds | None
    holdout: Holdout
    trained_until: str | None


def prepare(
    settings: Settings,
    contract: Contract,
    features: FeatureSet,
    columns: Columns,
    *,
    tune: bool = False,
) -> Prepared:
    """Split, fit the encoder on the training rows, encode.

    Args:
        tune: whether the folds are halved, for a search and for the comparison after it.

    Raises:
        SnapshotError: if the rows do not suffice for a training and a holdout, or there is nothing
            to learn from them.
    """
    parts = split(contract, columns, settings)
    train = take(columns, parts.train_idx)
    held = take(columns, parts.holdout_idx)
    enriched = features.apply(train)
    cuts = folds(contract, train, settings, np.arange(length(train)))
    search, compared = halved(contract, train, cuts) if tune else (None, cuts)
    encoder = Encoder.fit(features.columns(contract), enriched)
    comparison = Folds(
        matrix=encoder.encode(enriched),
        labels=encode_target(contract, train),
        pairs=_pairs(compared),
        classes=len(contract.classes),
    )
    _require_learnable(comparison, contract)
    return Prepared(
        encoder=encoder,
        folds=comparison,
        search_folds=replace(comparison, pairs=_pairs(search)) if search else None,
        holdout=Holdout(
            columns=held,
            matrix=encoder.encode(features.apply(held)),
            labels=encode_target(contract, held),
        ),
        trained_until=_last_moment(contract, train),
    )


def _require_learnable(rows: Folds, contract: Contract) -> None:
    if is_learnable(rows.matrix, rows.labels):
        return
    name = contract.target.name
    alike = f"the same {name}" if (rows.labels == rows.labels[0]).all() else "the same features"
    raise SnapshotError(
        f"all {len(rows.labels)} training rows have {alike}, so there is nothing to learn: ingest "
        "other rows, or change how much is held out"
    )


def _pairs(cuts: Sequence[Fold]) -> list[tuple[Index, Index]]:
    return [(fold.fit_idx, fold.validation_idx) for fold in cuts]


def _last_moment(contract: Contract, columns: Columns) -> str | None:
    if contract.time is None:
        return None
    return str(np.datetime_as_string(columns[contract.time.name].max(), "s")) + "+00:00"
