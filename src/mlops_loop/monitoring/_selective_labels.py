"""Whether the labels of a period are selective: known for some predictions rather than others.

The predictions are divided into fifths, or by the predicted class where there are several. A score
test compares the shares with a label within each day, as whole days may miss their labels; its
variance is that of the sums of days or groups (Rao & Scott, "On chi-squared tests for multiway
contingency tables", Annals of Statistics 12, 1984).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import Contract
from ..contract._columns import Floats
from ..evaluation._bootstrap import clusters
from ..prediction_log import Counts, LoggedRow
from ._findings import CheckResult, Finding
from ._samples import Sample, check_window, window_sample
from ._score_test import cluster_sums, score_chance

KIND = "labels"
# Probability of the finding if labels are missing at random.
ALPHA = 0.01
# The share of the labelled rows that would have to be others for labels not to be selective. With
# nearly all rows labelled, it cannot be larger.
LEAST = 0.05
# Fewer rows with a label, or without one, say nothing.
FEWEST = 30
# Days of fewer rows are compared together.
_ROWS_OF_STRATUM = 10
_FIFTHS = ("lowest", "second", "middle", "fourth", "highest")


@dataclass(frozen=True)
class LabelSelection:
    """Shares of the predictions with a label.

    Attributes:
        shares: by part of the predictions, as text, e.g. `the lowest fifth`.
        distance: share of the labelled rows that would have to be others for the parts to be as
            among all rows (total variation).
        chance: probability of such shares if labels are missing at random.
        clusters: number of days or groups, or of rows without them.
    """

    shares: dict[str, float]
    distance: float
    chance: float
    clusters: int

    @property
    def is_selective(self) -> bool:
        return self.chance < ALPHA and self.distance > LEAST

    def finding(self, counts: Counts) -> Finding:
        most = max(self.shares, key=self.shares.__getitem__)
        least = min(self.shares, key=self.shares.__getitem__)
        text = (
            f"labels are selective: {counts.labels / counts.predictions:.0%} of "
            f"{counts.predictions:,} mature predictions have a label, {self.shares[most]:.0%} of "
            f"{most} of the predictions and {self.shares[least]:.0%} of {least}: performance is "
            f"known for the labelled rows only (chance {self.chance:.2g}, limit {ALPHA:g}, "
            f"{self.clusters} days or groups)"
        )
        return Finding(
            KIND,
            text,
            statistic="total_variation",
            value=self.distance,
            threshold=LEAST,
            rows=counts.predictions,
        )


def find_selection(
    contract: Contract, rows: Sequence[LoggedRow], version: str, counts: Counts
) -> CheckResult:
    """Find labels that are selective.

    Args:
        contract: types and roles of the columns.
        rows: a uniform sample of the mature rows that the version predicted.
        version: version of the model.
        counts: number of mature predictions and of their labels.
    """
    sample = window_sample(contract, rows, check_window(contract, rows).columns, version)
    labelled = np.array([row.label is not None for row in rows], dtype=np.bool_)
    times = [row.record.event_time.replace(tzinfo=None) for row in rows]
    selection = select_labels(contract, sample, labelled, np.array(times, dtype="datetime64[D]"))
    if selection is not None and selection.is_selective:
        return CheckResult([selection.finding(counts)], {KIND: "failed"})
    complete = counts.predictions > 0 and counts.labels >= (1 - LEAST) * counts.predictions
    return CheckResult(statuses={KIND: "ok" if selection or complete else "unknown"})


def select_labels(
    contract: Contract, sample: Sample, labelled: NDArray[np.bool_], days: NDArray[np.datetime64]
) -> LabelSelection | None:
    """Compare the predictions of rows with and without a label.

    Args:
        contract: types and roles of the columns.
        sample: mature rows.
        labelled: which of them have a label.
        days: their days.

    Returns:
        None if too few rows have a label, or none, or all predictions are the same.
    """
    answers, _ = sample.answers()
    known = ~np.isnan(answers)
    sample, labelled, days = sample.take(known), labelled[known], days[known]
    if min(labelled.sum(), (~labelled).sum()) < FEWEST:
        return None
    codes, names = _parts(contract, sample, answers[known])
    if len(names) < 2:
        return None
    parts = np.eye(len(names))[codes]
    among_labelled = parts[labelled].mean(axis=0)
    groups = clusters(contract, sample.columns)
    return LabelSelection(
        shares={name: float(labelled[codes == at].mean()) for at, name in enumerate(names)},
        distance=float(np.abs(among_labelled - parts.mean(axis=0)).sum() / 2),
        chance=_chance(parts, labelled.astype(np.float64), _strata(days), groups),
        clusters=int(groups.max()) + 1,
    )


def _parts(
    contract: Contract, sample: Sample, answers: Floats
) -> tuple[NDArray[np.intp], list[str]]:
    """The part of each row, and the names of the parts."""
    if sample.answers()[1]:
        # Scores of a tree repeat: a fifth may be empty.
        parts = np.digitize(answers, np.quantile(answers, [0.2, 0.4, 0.6, 0.8]))
        names = [f"the {name} fifth" for name in _FIFTHS]
    else:
        parts = answers.astype(np.intp)
        names = [f"those of {name}" for name in contract.classes]
    present, codes = np.unique(parts, return_inverse=True)
    return codes, [names[part] for part in present]


def _strata(days: NDArray[np.datetime64]) -> NDArray[np.intp]:
    """Days, or consecutive days that have enough rows together."""
    _, day, counts = np.unique(days, return_inverse=True, return_counts=True)
    strata, stratum, rows = np.empty(len(counts), dtype=np.intp), 0, 0
    for at, count in enumerate(counts.tolist()):
        strata[at], rows = stratum, rows + count
        if rows >= _ROWS_OF_STRATUM:
            stratum, rows = stratum + 1, 0
    return strata[day]


def _chance(
    parts: Floats, labelled: Floats, strata: NDArray[np.intp], groups: NDArray[np.int64]
) -> float:
    rows = np.bincount(strata)
    centred = parts - _means(parts, strata, rows)[strata]
    share = _means(labelled[:, np.newaxis], strata, rows)[:, 0]
    gradients = centred * (labelled - share[strata])[:, np.newaxis]
    score = gradients.sum(axis=0)
    # The covariance if rows are independent, given the number of labels of each stratum.
    weights = (share * (1 - share) * rows / np.maximum(rows - 1, 1))[strata]
    inverse = np.linalg.pinv(centred.T @ (centred * weights[:, np.newaxis]), rcond=1e-9)
    count = int(groups.max()) + 1
    sums = cluster_sums(gradients, groups)
    effects = np.linalg.eigvals(inverse @ (sums.T @ sums) * count / (count - 1)).real
    # One part is determined by the others.
    return score_chance(score, inverse, np.sort(effects)[1:], count)


def _means(values: Floats, strata: NDArray[np.intp], rows: NDArray[np.intp]) -> Floats:
    sums = np.stack([np.bincount(strata, column, len(rows)) for column in values.T], axis=1)
    means: Floats = sums / rows[:, np.newaxis]
    return means
