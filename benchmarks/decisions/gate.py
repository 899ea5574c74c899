"""Decisions of the gate, simulated: rejections of equal and worse models, intervals, slices."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mlops_loop.evaluation import NotWorseThanChampion, Slices

from .case import Aim, Case
from .gate_worlds import (
    BINARY,
    DAYS,
    GROUPS,
    MULTICLASS,
    REGRESSION,
    ROWS,
    World,
    resampling,
    worse_by,
)

_FALSE, _FOUND = Aim("at most", 0.10), Aim("at least", 0.80)
_SLICE, _SIDE = Aim("at most", 0.05), Aim("at most", 0.05)


@dataclass(frozen=True)
class Rejection:
    """Whether a model is rejected that is worse than the champion by so many margins."""

    world: World
    margins: float
    trial_follows: bool

    def __call__(self, random: np.random.Generator) -> bool:
        comparison = self.world.comparison(random, worse_by(self.world, self.margins))
        rule = NotWorseThanChampion()
        return not rule(replace(comparison, trial_follows=self.trial_follows)).passed


def rejected_for_a_slice(random: np.random.Generator, world: World, rule: Slices) -> bool:
    """Whether an equal model is rejected because of a slice."""
    return not rule(world.comparison(random, 0.0)).passed


@dataclass(frozen=True)
class Miss:
    """Whether one bound of an interval is on the wrong side of the true mean, 0.

    Rows of one cluster share half of the spread of a row; sizes of clusters may differ as the
    logarithm of a normal variable, and so may what they share.
    """

    clusters: int
    is_lower: bool
    unequal: bool = False
    skewed: bool = False

    def __call__(self, random: np.random.Generator) -> bool:
        rows = np.full(self.clusters, 40)
        if self.unequal:
            rows = np.maximum(random.lognormal(np.log(40) - 0.5, 1, self.clusters), 3).astype(int)
        shared = random.normal(size=self.clusters)
        if self.skewed:
            shared = (np.exp(shared) - np.exp(0.5)) / np.sqrt((np.e - 1) * np.e)
        cluster = np.repeat(np.arange(self.clusters), rows)
        values = random.normal(size=len(cluster)) + 0.5 * shared[cluster]
        interval = resampling(cluster, random)
        draws = interval.scores([lambda weights: float(np.average(values, weights=weights))])
        bounds = interval.interval(float(values.mean()), draws[:, 0])
        return bool(bounds.low > 0 if self.is_lower else bounds.high < 0)


def _rejections(world: World, trials: int, known: str = "") -> list[Case]:
    what = "model is rejected"
    live, alone = (partial(Rejection, world, trial_follows=follows) for follows in (True, False))
    return [
        Case(f"equal {what}, promotion: live", world.name, live(0), trials, _FALSE, known),
        Case(
            f"worse {what}, promotion: live",
            f"{world.name}, 2 margins",
            live(2),
            trials,
            _FOUND,
            known,
        ),
        Case(
            f"worse {what}, promotion: live",
            f"{world.name}, 4 margins",
            live(4),
            trials // 2,
            _FOUND,
        ),
        Case(f"equal {what}, promotion: gate", world.name, alone(0), trials),
        Case(f"worse {what}, promotion: gate", f"{world.name}, 2 margins", alone(2), trials // 2),
    ]


def _slices(world: World, margin: float | None = None) -> Case:
    trial = partial(rejected_for_a_slice, world=world, rule=Slices(margin=margin))
    setting = world.name if margin is None else f"{world.name}, margin 0"
    return Case("equal model is rejected for a slice", setting, trial, 50, _SLICE)


def _misses(name: str, clusters: int, trials: int = 300, **options: bool) -> list[Case]:
    aim = None if options.get("skewed") else _SIDE
    return [
        Case(
            f"{side} bound is wrong", name, Miss(clusters, side == "lower", **options), trials, aim
        )
        for side in ("lower", "upper")
    ]


CASES: tuple[Case, ...] = (
    *(case for world in (ROWS, DAYS) for case in _rejections(world, 100)),
    *_rejections(BINARY, 100, "14 days are few for models that differ so much"),
    *(case for world in (MULTICLASS, REGRESSION, GROUPS) for case in _rejections(world, 60)),
    *(_slices(world, 0.0) for world in (ROWS, DAYS, MULTICLASS, REGRESSION)),
    _slices(GROUPS),
    *(case for days in (6, 14, 60) for case in _misses(f"{days} days", days)),
    *_misses("20 groups of unequal size", 20, unequal=True),
    *_misses("14 days, a few of them very bad", 14, skewed=True),
)
