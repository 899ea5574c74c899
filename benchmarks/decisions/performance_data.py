"""Rows with predictions and labels, of a model that is right or no longer is."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from mlops_loop.contract import Columns, Contract
from mlops_loop.contract._columns import Floats
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._model import Problem
from mlops_loop.monitoring._samples import Sample

SLOPE = 0.8


_TARGETS = {
    "binary": "type: boolean",
    "multiclass": "type: category, categories: {values: [a, b, c]}",
    "regression": "type: number",
}


@cache
def _contract(problem: str, by_group: bool) -> Contract:
    by = ", role: group" if by_group else ""
    lines = [f"problem: {problem}", "label_horizon: 1d", "columns:"]
    lines += ["  when: {type: datetime, role: time}", f"  shop: {{type: category{by}}}"]
    lines += ["  y: {" + _TARGETS[problem] + ", role: target}"]
    return parse_contract("\n".join(lines))


@dataclass(frozen=True)
class World:
    """How rows come about: the model knows the defaults, the rest is a change.

    Attributes:
        mean, spread: of the inputs, which the model sees.
        base: logit of the rate at the mean input.
        intercept, slope: what labels follow, as difference and factor of what the model says.
        more: what is added to the probability of the second of two classes.
        noise: standard deviation of the target of a regression, around the truth.
        day: standard deviation between days of what labels follow, which no model can know.
        correlation: of this from day to day.
        weekly: by how much it is higher at the weekend.
        groups: number of groups that differ in the place of days; 0 for days.
        shops: number of categories, which differ in nothing unless `broken`.
        broken: whether the outcomes of the first category do not follow the model.
        dead: whether the model sees half of its inputs only, the others having gone constant.
    """

    problem: Problem = "binary"
    mean: float = 0.0
    spread: float = 1.0
    base: float = -0.85
    intercept: float = 0.0
    slope: float = 1.0
    more: float = 0.0
    noise: float = 1.0
    day: float = 0.0
    correlation: float = 0.0
    weekly: float = 0.0
    groups: int = 0
    shops: int = 1
    broken: bool = False
    dead: bool = False

    @property
    def contract(self) -> Contract:
        return _contract(self.problem, self.groups > 0)

    def rows(self, rng: np.random.Generator, count: int, days: int) -> Sample:
        day = np.arange(count) * days // count
        shop = rng.integers(0, self.groups or self.shops, count)
        columns: Columns = {
            "when": np.datetime64("2024-01-01", "us") + day * np.timedelta64(1, "D"),
            "shop": np.array([f"shop {each}" for each in shop], dtype=object),
        }
        inputs = rng.normal(self.mean, self.spread, count)
        shocks = self._shocks(rng, self.groups or days)[shop if self.groups else day]
        if self.problem == "regression":
            truth = self.slope * inputs + self.intercept + shocks
            return Sample(columns, inputs, truth + self.noise * rng.normal(size=count))
        if self.problem == "multiclass":
            others = rng.normal(0, self.spread, count)
            said = np.stack([np.zeros(count), inputs, others], axis=1)
            labels = (self._moved(said, shocks) + rng.gumbel(size=said.shape)).argmax(axis=1)
            return Sample(columns, _softmax(said), labels)
        said = np.stack([np.zeros(count), self.base + SLOPE * self._seen(rng, inputs)], axis=1)
        moved = np.zeros_like(said)
        moved[:, 1] = self.base + self.slope * SLOPE * inputs + self.intercept + shocks
        if self.broken:
            moved[shop == 0, 1] = -self.base
        labels = (rng.random(count) < _softmax(moved)[:, 1] + self.more).astype(np.int64)
        return Sample(columns, _softmax(said), labels)

    def _shocks(self, rng: np.random.Generator, units: int) -> Floats:
        shocks: Floats = self.day * rng.normal(size=units)
        for unit in range(1, units):
            shocks[unit] *= (1 - self.correlation**2) ** 0.5
            shocks[unit] += self.correlation * shocks[unit - 1]
        return shocks + self.weekly * (np.isin(np.arange(units) % 7, (5, 6)) - 2 / 7)

    def _seen(self, rng: np.random.Generator, inputs: Floats) -> Floats:
        """What the model sees of a sum of two independent inputs, if one of them is dead."""
        if not self.dead:
            return inputs
        return self.mean + (inputs - self.mean) / 2 + rng.normal(0, self.spread / 2, len(inputs))

    def _moved(self, said: np.ndarray, shocks: np.ndarray) -> np.ndarray:
        moved = self.slope * said
        moved[:, 1] += self.intercept + shocks
        return moved


def _softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
