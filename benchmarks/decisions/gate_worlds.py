"""Held-out rows with a candidate and a champion of known quality, for the gate.

Both see the truth through noise of their own, on each row and on each day or group. An equal
candidate has noise of the same size; a worse one has more on its rows.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from mlops_loop._settings import Gate
from mlops_loop.contract import Contract
from mlops_loop.contract._columns import Floats
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.evaluation import Comparison, Metric, log_loss, rmse
from mlops_loop.evaluation._bootstrap import Resampling

_RESAMPLES = 200
_LARGE = 200_000
_CATEGORIES = (3, 8, 12)
# As the flights: a quarter of the rows is late.
_LOGITS = {"binary": (0.0, -1.2), "multiclass": (0.0, -0.5, -1.0)}


@dataclass(frozen=True)
class World:
    """How rows and models are drawn.

    Attributes:
        name: the data, for the table.
        problem: kind of problem.
        unit: what rows have in common, and are resampled by.
        units: number of days or groups.
        rows: number of rows of each unit.
        row_noise: noise of a model on each row.
        unit_noise: noise of a model on each unit.
    """

    name: str
    problem: Literal["binary", "multiclass", "regression"] = "binary"
    unit: Literal["day", "group"] = "day"
    units: int = 14
    rows: int = 400
    row_noise: float = 0.3
    unit_noise: float = 0.15

    def comparison(self, random: np.random.Generator, extra: float) -> Comparison:
        """A candidate with so much more variance of its noise than the champion."""
        unit, labels, candidate, champion, baseline = self.draw(random, extra)
        columns = {
            f"c{count}": random.integers(0, count, len(unit)).astype(str).astype(object)
            for count in _CATEGORIES
        }
        columns["shop"] = unit.astype(str).astype(object)
        return Comparison(
            metric=self.metric,
            labels=labels,
            candidate=candidate,
            baseline=baseline,
            columns=columns,
            contract=_contract(self.unit),
            settings=Gate(),
            resampling=resampling(unit, random),
            size=0,
            latency=0.0,
            champion=champion,
        )

    @property
    def metric(self) -> Metric:
        return rmse if self.problem == "regression" else log_loss

    def draw(self, random: np.random.Generator, extra: float) -> tuple[NDArray[Any], ...]:
        """The unit and label of each row; predictions of candidate, champion and baseline."""
        unit = np.repeat(np.arange(self.units), self.rows)
        truth, labels = self._truth(random, len(unit))
        models = [self._predict(random, truth, unit, more) for more in (extra, 0.0)]
        return unit, labels, *models, self._baseline(labels)

    def _predict(
        self, random: np.random.Generator, truth: Floats, unit: NDArray[np.int64], extra: float
    ) -> Floats:
        noise = random.normal(scale=np.sqrt(self.row_noise**2 + extra), size=truth.shape)
        shared = random.normal(scale=self.unit_noise, size=(self.units, *truth.shape[1:]))
        seen = truth + noise + shared[unit]
        return seen if self.problem == "regression" else np.asarray(softmax(seen, axis=1))

    def _truth(self, random: np.random.Generator, rows: int) -> tuple[Floats, NDArray[np.generic]]:
        """What a perfect model predicts, in logits or units of the target, and the labels."""
        if self.problem == "regression":
            truth = random.normal(scale=1.0, size=rows)
            return truth, truth + random.normal(scale=1.5, size=rows)
        levels = np.array(_LOGITS[self.problem])
        truth = levels + np.sign(-levels) * random.normal(scale=0.8, size=(rows, len(levels)))
        passed = softmax(truth, axis=1).cumsum(axis=1)[:, :-1]
        return truth, (random.random((rows, 1)) > passed).sum(axis=1)

    def _baseline(self, labels: NDArray[np.generic]) -> Floats:
        if self.problem == "regression":
            return np.full(len(labels), labels.mean())
        return np.tile(np.bincount(labels) / len(labels), (len(labels), 1))


ROWS = World("14 days, independent rows", unit_noise=0.0)
DAYS = World("14 days, rows of a day alike")
BINARY = World("14 days, models that differ more", row_noise=0.42, unit_noise=0.21)
MULTICLASS = World("three classes, 14 days", problem="multiclass")
REGRESSION = World("regression, 14 days", problem="regression")
GROUPS = World("20 groups of 280 rows", unit="group", units=20, rows=280)


def resampling(unit: NDArray[np.int64], random: np.random.Generator) -> Resampling:
    """As in a project, with fewer resamples."""
    return Resampling(unit, _RESAMPLES, Gate().confidence, int(random.integers(2**31)))


@cache
def worse_by(world: World, margins: float) -> float:
    """The variance of noise by which a candidate is worse by so many margins."""
    if margins == 0:
        return 0.0
    low, high = 0.0, 3.0
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (low, middle) if _worse(world, middle) > margins else (middle, high)
    return (low + high) / 2


def _worse(world: World, extra: float) -> float:
    """By how many margins a candidate is worse on average, on many rows."""
    many = replace(world, units=2_000, rows=_LARGE // 2_000)
    _, labels, *models = many.draw(np.random.default_rng(0), extra)
    candidate, champion, baseline = (world.metric.value(labels, model) for model in models)
    return float((candidate - champion) / (Gate().margin * baseline))


@cache
def _contract(unit: str) -> Contract:
    role = "group" if unit == "group" else "feature"
    columns = "".join(f"  c{count}: {{type: category}}\n" for count in _CATEGORIES)
    return parse_contract(
        f"problem: binary\nlabel_horizon: 1d\ncolumns:\n{columns}"
        f"  shop: {{type: text, role: {role}}}\n  y: {{type: boolean, role: target}}\n"
    )
