"""The standard error of the difference of two means, rows of one day or group being alike.

The variance is that of independent rows, and what days and groups add to it: two-way clustering
(Cameron, Gelbach & Miller, Journal of Business & Economic Statistics 29, 2011).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student

from ..contract import Contract
from ..contract._columns import Columns, Floats, missing
from ._cluster_effects import ClusterEffect, fit
from ._cluster_sums import ClusterSums

# Probability of any finding of drift or quality in a window in which nothing has changed.
BY_CHANCE = 0.05
# With fewer clusters on both sides together, their variance is not known.
_FEWEST_CLUSTERS = 5


def drift_alpha(columns: int) -> float:
    """The probability that one column drifts by chance: half of `BY_CHANCE` (Bonferroni).

    The prediction may drift as well.
    """
    return BY_CHANCE / 2 / (columns + 1)


def quality_alpha(columns: int) -> float:
    """The probability of one finding of quality by chance: the other half.

    A column may miss values, have values that are new or break a rule, and be constant; and the
    rows as a whole may break a rule.
    """
    return BY_CHANCE / 2 / (3 * columns + 1)


@dataclass(frozen=True)
class Clusters:
    """The clusters of the rows of both sides, numbered from 0; days in the order of time."""

    reference: NDArray[np.int64]
    window: NDArray[np.int64]
    ordered: bool


def clusters_of(contract: Contract, reference: Columns, window: Columns) -> tuple[Clusters, ...]:
    """The days and the groups of the contract, as far as there are enough of them."""
    found = []
    time, group = contract.time, contract.group
    if time is not None and time.name in reference:
        days = [side[time.name].astype("datetime64[D]") for side in (reference, window)]
        found.append(_numbered(days, ordered=True))
    if group is not None and group.name in reference:
        names = [
            np.where(missing(side[group.name]), "", side[group.name].astype(str))
            for side in (reference, window)
        ]
        found.append(_numbered(names, ordered=False))
    return tuple(
        each
        for each in found
        if sum(len(np.unique(side)) for side in (each.reference, each.window)) >= _FEWEST_CLUSTERS
    )


def _numbered(sides: Sequence[NDArray[Any]], *, ordered: bool) -> Clusters:
    reference, window = (np.unique(side, return_inverse=True)[1].ravel() for side in sides)
    return Clusters(reference.astype(np.int64), window.astype(np.int64), ordered)


@dataclass
class Series:
    """One column on both sides: numbers, or codes of categories; values that are missing left out.

    Attributes:
        rows: for both sides, which rows have the values.
        levels: number of categories; 0 for numbers.
    """

    reference: NDArray[Any]
    window: NDArray[Any]
    rows: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    levels: int = 0
    effects: list[ClusterEffect] = field(default_factory=list)

    @classmethod
    def of_shares(cls, reference: NDArray[np.bool_], window: NDArray[np.bool_]) -> "Series":
        """What is true of a share of all rows."""
        everything = np.ones(len(reference), dtype=np.bool_), np.ones(len(window), dtype=np.bool_)
        return cls(reference.astype(np.float64), window.astype(np.float64), everything)

    @cached_property
    def variance(self) -> float:
        """Of the values around the mean of their side; of categories, the sum of all of them."""
        rows = len(self.reference) + len(self.window)
        return sum(float(side.squares.sum()) for side in self._sums(None)) / max(rows - 2, 1)

    @cached_property
    def row_variance(self) -> float:
        """Of the difference of the means, if rows were independent."""
        return self.variance * (1 / len(self.reference) + 1 / len(self.window))

    def add_effect(self, clusters: Clusters) -> None:
        reference, window = self._sums(clusters)
        effect = ClusterEffect(reference, window, self.variance, ordered=clusters.ordered)
        self.effects.append(effect)

    def by_chance(self, alpha: float) -> float:
        """The difference of the means that chance exceeds with this probability, either way."""
        variance = self.row_variance * (1 + sum(self.added(alpha)))
        return float(norm.isf(alpha / 2)) * math.sqrt(variance)

    def added(self, alpha: float) -> list[float]:
        """What each effect adds to the variance, relative to that of independent rows.

        It allows for the few days or groups that it is estimated from.
        """
        normal = norm.isf(alpha / 2)
        return [
            effect.added * float(student.isf(alpha / 2, effect.freedom) / normal) ** 2
            for effect in self.effects
        ]

    def unevenness(self, alpha: float) -> float:
        """The mean of the squared eigenvalues of the design effects, relative to their mean."""
        added = self.added(alpha)
        squares = sum(
            part**2 * (effect.unevenness - 1)
            for part, effect in zip(added, self.effects, strict=True)
        )
        return 1 + squares / (1 + sum(added)) ** 2

    def _sums(self, clusters: Clusters | None) -> tuple[ClusterSums, ClusterSums]:
        numbers = [np.zeros(len(mask), dtype=np.int64) for mask in self.rows]
        if clusters is not None:
            numbers = [clusters.reference, clusters.window]
        first, second = (number[mask] for number, mask in zip(numbers, self.rows, strict=True))
        return (
            ClusterSums.of(self.reference, first, self._shares),
            ClusterSums.of(self.window, second, self._shares),
        )

    @cached_property
    def _shares(self) -> Floats | None:
        if not self.levels:
            return None
        codes = np.concatenate([self.reference, self.window])
        return np.bincount(codes, minlength=self.levels) / len(codes)


def fit_effects(series: Sequence[Series], clusterings: Sequence[Clusters]) -> None:
    """Estimate what days and groups add to the variance of each column."""
    vary = [each for each in series if each.variance > 0]
    for clusters in clusterings:
        for each in vary:
            each.add_effect(clusters)
        if vary:
            fit([each.effects[-1] for each in vary])
