"""Performance that is judged: how often it is called worse, of a model that is right or is not."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mlops_loop._settings import Settings
from mlops_loop.evaluation._metrics import metrics_of
from mlops_loop.monitoring._performance_measure import measure
from mlops_loop.monitoring._samples import Sample
from mlops_loop.monitoring._slices import worse_slices

from .case import Aim, Case
from .performance_data import World

SETTINGS = Settings(root=Path("."), source="sample://flights")
MARGIN = SETTINGS.monitoring.performance_margin
HOLDOUT_ROWS, HOLDOUT_DAYS = 3000, 45

FALSE = Aim("at most", 0.05)
FOUND = Aim("at least", 0.9)
Labelled = Literal["all", "top third", "bottom third", "one class"]


@dataclass(frozen=True)
class Worse:
    """Whether a window is called worse than the holdout, or one of its slices if it has any.

    Attributes:
        window: the rows of the window; the holdout is of the same problem, without a change.
        metric: the deciding metric.
        rows: number of labels.
        days: number of days that they are of.
        labelled: which rows have a label.
        off: whether the model was as wrong on the holdout.
    """

    window: World
    metric: str
    rows: int = 2000
    days: int = 14
    labelled: Labelled = "all"
    off: bool = False

    def __call__(self, rng: np.random.Generator) -> bool:
        usual = replace(self.window, mean=0.0, spread=1.0)
        if not self.off:
            usual = replace(usual, intercept=0.0, slope=1.0, noise=1.0, broken=False, dead=False)
        holdout = usual.rows(rng, HOLDOUT_ROWS, HOLDOUT_DAYS)
        thirds = 3 if self.labelled.endswith("third") else 1
        window = self._select(self.window.rows(rng, self.rows * thirds, self.days))
        metric = metrics_of(self.window.problem)[self.metric]
        contract = self.window.contract
        if self.window.shops > 1:
            sides = {"reference": holdout, "window": window}
            return bool(worse_slices(SETTINGS, contract, metric, **sides))
        delta = measure(contract, metric, reference=holdout, window=window, seed=1)
        return delta is not None and delta.is_worse(MARGIN)

    def _select(self, rows: Sample) -> Sample:
        if self.labelled == "all":
            return rows
        if self.labelled == "one class":
            return rows.take(np.flatnonzero(rows.labels == 0))
        scores = rows.scores if rows.scores.ndim == 1 else rows.scores[:, 1]
        limit = np.quantile(scores, 2 / 3 if self.labelled == "top third" else 1 / 3)
        return rows.take((scores >= limit) == (self.labelled == "top third"))


def _case(
    text: str, window: World, aim: Aim | None, trials: int = 100, known: str = "", **options: Any
) -> Case:
    metric = str(options.pop("metric", "log_loss" if window.problem != "regression" else "rmse"))
    setting = f"{window.problem}, {metric}: {text}"
    return Case("performance worse", setting, Worse(window, metric, **options), trials, aim, known)


_HARDER = World(mean=1.0)
_NARROWER = World(spread=0.5)
_RIGHT = [
    _case(text, window, FALSE, metric=metric)
    for metric in ("log_loss", "brier", "accuracy", "roc_auc")
    for text, window in (("narrower inputs", _NARROWER), ("mean moved by 1 sd", _HARDER))
] + [
    _case("narrower inputs, days differ", replace(_NARROWER, day=0.2), FALSE),
    _case("labels of the top third", World(), FALSE, labelled="top third"),
    _case("labels of the bottom third", World(), FALSE, labelled="bottom third"),
    _case("one class missing", World(), FALSE, labelled="one class", metric="roc_auc", trials=50),
    _case("1 % positives, unchanged", World(base=-4.9), FALSE),
    _case(
        "as overconfident on the holdout, narrower", World(slope=0.7, spread=0.5), FALSE, off=True
    ),
    *(
        _case(text, replace(window, problem=problem), FALSE)
        for problem in ("multiclass", "regression")
        for text, window in (("narrower inputs", _NARROWER), ("mean moved by 1 sd", _HARDER))
    ),
]
_ALIKE = World(day=0.4, correlation=0.5, weekly=0.3)
_KNOWN = "a month has few independent days if their mean error moves so much"
_CLUSTERED = [
    _case("unchanged, days alike, AR(.5), weekly, 14 days", _ALIKE, None),
    _case("unchanged, days alike, AR(.5), weekly", _ALIKE, FALSE, days=30),
    _case("unchanged, days alike, AR(.7)", World(day=0.4, correlation=0.7), FALSE, days=30),
    _case("unchanged, 40 groups", World(day=0.4, groups=40), FALSE, trials=60),
    _case("unchanged, 300 labels", World(), FALSE, rows=300),
    _case("unchanged, 8 slices", World(shops=8), FALSE, trials=30),
    _case("unchanged, 8 slices, days alike, AR(.5)", replace(_ALIKE, shops=8), FALSE, trials=30),
    _case(
        "unchanged, days alike, AR(.5)", replace(_ALIKE, problem="multiclass"), FALSE, 60, days=30
    ),
    _case(
        "unchanged, days alike, AR(.5)",
        replace(_ALIKE, problem="regression"),
        FALSE,
        known=_KNOWN,
        days=30,
    ),
    _case(
        "base rate +10 points, days alike, AR(.5), weekly",
        replace(_ALIKE, intercept=0.47),
        None,
        60,
        days=30,
    ),
    _case("base rate +10 points, 40 groups", World(day=0.4, groups=40, intercept=0.47), None, 60),
    _case("base rate +10 points, 300 labels", World(intercept=0.47), None, 60, rows=300),
    _case(
        "slope halved, days alike, AR(.5), weekly", replace(_ALIKE, slope=0.5), None, 60, days=30
    ),
    _case("slope halved, 300 labels", World(slope=0.5), None, 60, rows=300),
    _case("half of the inputs have gone constant", World(dead=True), None, 60),
    _case("one of 8 slices upside down", World(shops=8, broken=True), FOUND, 30),
]
_WRONG = [
    _case("base rate +10 points", World(intercept=0.47), FOUND),
    _case("base rate -10 points", World(intercept=-0.55), FOUND),
    _case("base rate +10 points", World(intercept=0.47), FOUND, metric="roc_auc"),
    _case("slope halved", World(slope=0.5), FOUND),
    _case(
        "1 % positives cut loose",
        World(base=-4.9, slope=0.0, intercept=0.3),
        FOUND,
        known="20 positives do not show that a weak model lost its skill",
    ),
    _case("slope halved", World("multiclass", slope=0.5), FOUND),
    _case("base rate +10 points", World("multiclass", intercept=0.5), FOUND),
    _case("noise doubled", World("regression", noise=2.0), FOUND),
    _case("bias of half an rmse", World("regression", intercept=0.5), FOUND),
    _case("slope halved", World("regression", slope=0.5), FOUND),
]
CASES: tuple[Case, ...] = (*_RIGHT, *_CLUSTERED, *_WRONG)
