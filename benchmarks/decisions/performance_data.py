"""Rows with predictions and labels, of a model that is right or no longer is."""

from dataclasses import dataclass

import numpy as np

from mlops_loop.contract import Contract
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._model import Problem
from mlops_loop.monitoring._samples import Sample

SLOPE = 0.8


def _contract(problem: str, target: str) -> Contract:
    lines = [f"problem: {problem}", "label_horizon: 1d", "columns:"]
    lines += ["  when: {type: datetime, role: time}", "  y: {" + target + ", role: target}"]
    return parse_contract("\n".join(lines))


_VALUES = "type: category, categories: {values: [a, b, c]}"
CONTRACTS = {
    "binary": _contract("binary", "type: boolean"),
    "multiclass": _contract("multiclass", _VALUES),
    "regression": _contract("regression", "type: number"),
}


@dataclass(frozen=True)
class World:
    """How rows come about: the model knows the defaults, the rest is a change.

    Attributes:
        mean, spread: of the inputs, which the model sees.
        base: logit of the rate at the mean input.
        intercept, slope: what labels follow, as difference and factor of what the model says.
        noise: standard deviation of the target of a regression, around the truth.
        day: standard deviation between days of what labels follow, which no model can know.
    """

    problem: Problem = "binary"
    mean: float = 0.0
    spread: float = 1.0
    base: float = -0.85
    intercept: float = 0.0
    slope: float = 1.0
    noise: float = 1.0
    day: float = 0.0

    @property
    def contract(self) -> Contract:
        return CONTRACTS[self.problem]

    def rows(self, rng: np.random.Generator, count: int, days: int) -> Sample:
        day = np.arange(count) * days // count
        columns = {"when": np.datetime64("2024-01-01", "us") + day * np.timedelta64(1, "D")}
        inputs = rng.normal(self.mean, self.spread, count)
        shocks = self.day * rng.normal(size=days)[day]
        if self.problem == "regression":
            truth = self.slope * inputs + self.intercept + shocks
            return Sample(columns, inputs, truth + self.noise * rng.normal(size=count))
        if self.problem == "multiclass":
            others = rng.normal(0, self.spread, count)
            said = np.stack([np.zeros(count), inputs, others], axis=1)
            labels = (self._moved(said, shocks) + rng.gumbel(size=said.shape)).argmax(axis=1)
            return Sample(columns, _softmax(said), labels)
        said = np.stack([np.zeros(count), self.base + SLOPE * inputs], axis=1)
        moved = np.zeros_like(said)
        moved[:, 1] = self.base + self.slope * SLOPE * inputs + self.intercept + shocks
        labels = (rng.random(count) < _softmax(moved)[:, 1]).astype(np.int64)
        return Sample(columns, _softmax(said), labels)

    def _moved(self, said: np.ndarray, shocks: np.ndarray) -> np.ndarray:
        moved = self.slope * said
        moved[:, 1] += self.intercept + shocks
        return moved


def _softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
