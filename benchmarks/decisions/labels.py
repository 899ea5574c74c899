"""Selective labels: how often they are found, where labels are missing at random or are not."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_loop.contract._model import Problem
from mlops_loop.monitoring._selective_labels import select_labels

from .case import Aim, Case
from .performance_data import World

FALSE = Aim("at most", 0.05)
FOUND = Aim("at least", 0.95)


@dataclass(frozen=True)
class Selective:
    """Whether labels are called selective.

    Attributes:
        labels: which rows have a label.
        problem: that of the model.
        rows, days: of the window.
        day: standard deviation between days of the mean input, which the predictions follow.
        correlation: of this from day to day.
    """

    labels: str
    problem: Problem = "binary"
    rows: int = 2000
    days: int = 30
    day: float = 0.0
    correlation: float = 0.0

    def __call__(self, rng: np.random.Generator) -> bool:
        sample = World(self.problem).rows(rng, self.rows, self.days)
        days = sample.columns["when"].astype("datetime64[D]")
        day = np.arange(self.rows) * self.days // self.rows
        scores = sample.scores if sample.scores.ndim == 1 else sample.scores[:, 1]
        if self.day:
            order = np.argsort(scores)[::-1]
            wanted = self._effects(rng)[day] + rng.normal(size=self.rows)
            sample = sample.take(order[np.argsort(np.argsort(-wanted))])
            sample.columns["when"] = days.astype("datetime64[us]")
            scores = scores[order[np.argsort(np.argsort(-wanted))]]
        found = select_labels(
            World(self.problem).contract, sample, self._mask(rng, scores, day), days
        )
        return found is not None and found.is_selective

    def _effects(self, rng: np.random.Generator) -> np.ndarray:
        effects = self.day * rng.normal(size=self.days)
        for at in range(1, self.days):
            effects[at] *= np.sqrt(1 - self.correlation**2)
            effects[at] += self.correlation * effects[at - 1]
        return effects

    def _mask(self, rng: np.random.Generator, scores: np.ndarray, day: np.ndarray) -> np.ndarray:
        ranks, chance = np.argsort(np.argsort(scores)) / len(scores), rng.random(len(scores))
        masks = {
            "at random": chance < 0.3,
            "whole days": (rng.random(self.days) < 0.3)[day],
            "last days": (day < 0.3 * self.days) | (chance < 0.05),
            "by day": chance < rng.random(self.days)[day],
            "top third": ranks > 2 / 3,
            "top half, two in three": chance < np.where(ranks > 0.5, 2, 1) / 3,
            "middle third": np.abs(ranks - 0.5) < 1 / 6,
            "top tenth missing": ranks < 0.9,
        }
        return np.asarray(masks[self.labels])


def _false(text: str, trial: Selective) -> Case:
    return Case("labels selective", f"{trial.problem}, {text}", trial, 200, FALSE)


def _found(text: str, trial: Selective) -> Case:
    return Case("labels selective", f"{trial.problem}, {text}", trial, 100, FOUND)


_ALIKE: dict[str, Any] = {"day": 1.0, "correlation": 0.7}
_AT_RANDOM: tuple[tuple[str, dict[str, Any]], ...] = (
    ("", {}),
    (", 300 rows", {"rows": 300}),
    (", 40 rows a day, 6 days", {"rows": 240, "days": 6}),
    (", days alike, AR(.7)", _ALIKE),
    ("", {"problem": "multiclass"}),
    ("", {"problem": "regression"}),
)
_SELECTED: tuple[tuple[str, Problem], ...] = (
    ("top third", "binary"),
    ("top third", "multiclass"),
    ("top third", "regression"),
    ("middle third", "binary"),
)
CASES: tuple[Case, ...] = (
    *(
        _false(f"labels of 30 %, at random{text}", Selective("at random", **options))
        for text, options in _AT_RANDOM
    ),
    _false("whole days without labels, days alike, AR(.7)", Selective("whole days", **_ALIKE)),
    _false("the same, 3 rows a day", Selective("whole days", rows=180, days=60, **_ALIKE)),
    _false("labels stop after the first days", Selective("last days", **_ALIKE)),
    _false("the share varies from day to day", Selective("by day", **_ALIKE)),
    *(
        _found(f"labels of the {text}", Selective(text, problem=problem))
        for text, problem in _SELECTED
    ),
    _found("labels of two in three of the top half, else one", Selective("top half, two in three")),
    _found("no labels of the top tenth", Selective("top tenth missing")),
    _found("labels of the top third, 300 rows", Selective("top third", rows=300)),
    _found("the same, days alike", Selective("top third", **_ALIKE)),
    _found("the same, 1 row a day", Selective("top third", rows=200, days=200)),
)
