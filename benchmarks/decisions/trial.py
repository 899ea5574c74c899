"""Trials and probations of two versions whose difference is known, looked at every day."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from math import sqrt
from typing import Any

import numpy as np

from mlops_loop._settings import Challenge
from mlops_loop.loop._paired_loss import ModelPair
from mlops_loop.loop._row_loss import row_loss
from mlops_loop.loop._sequential_test import FEWEST_UNITS, SequentialTest, repeated_interval
from mlops_loop.prediction_log import Label, LoggedRow, Output, Record

from .case import Aim, Case
from .sample_pairs import blocks

Floats = Any
DEFAULTS = Challenge()
TRIAL, PROBATION = DEFAULTS.max_duration.days, DEFAULTS.probation.days
START = datetime(2025, 1, 1, tzinfo=UTC)
ROWS_A_DAY = 60
CLASSES = {"multiclass": ("a", "b", "c"), "split": (False, True), "regression": ()}


def is_better(totals: Floats, rows: Floats) -> bool:
    """Whether the challenger is called better, before it is called worse."""
    for day in range(FEWEST_UNITS, len(totals) + 1):
        found = repeated_interval(totals[:day], rows[:day], DEFAULTS.error_rate, day / len(totals))
        if found.low > 0 or found.high < 0:
            return bool(found.low > 0)
    return False


def synthetic(kind: str, random: np.random.Generator) -> bool:
    """Days of equal versions, in units of their standard deviation."""
    days = random.normal(size=TRIAL)
    if kind == "skewed":
        days = 1 - random.exponential(size=TRIAL)
    elif kind == "heavy":
        days = random.standard_t(3, size=TRIAL)
    elif kind == "rare":
        days += np.where(random.random(TRIAL) < 0.03, -10.0, 0.3 / 0.97)
    elif kind.startswith("AR"):
        days = _autoregression(random, float(kind.removeprefix("AR")))
    return is_better(days, np.ones(TRIAL))


def on_sample(gain: float, days: int, random: np.random.Generator) -> bool:
    return is_better(*blocks(random, gain, days))


@dataclass(frozen=True)
class Logged:
    """Rows of the log, in which both versions answer as well as each other, or one is better.

    Attributes:
        problem: `regression`, `multiclass`, or `split` for two classes of which each key gets one.
        gain: share of the variance of the champion's noise that the challenger has not.
    """

    problem: str
    gain: float = 0.0

    def __call__(self, random: np.random.Generator) -> bool:
        share = 0.5 if self.problem == "split" else None
        classes = CLASSES[self.problem]
        metric = "rmse" if self.problem == "regression" else "log_loss"
        pair = ModelPair("1", "2", row_loss(metric, classes), classes, share)
        test, day = SequentialTest("day"), 0
        rows = [row for number in range(TRIAL) for row in self._day(random, number, pair)]
        for difference in pair.loss_differences(rows):
            now = (difference.day - START.date()).days
            if now > day and (found := test.interval(DEFAULTS.error_rate, now / TRIAL)):
                if found.low > 0 or found.high < 0:
                    return bool(found.low > 0)
            day = now
            test.add(difference.day, difference.loss_reduction)
        last = test.interval(DEFAULTS.error_rate, 1.0)
        return last is not None and bool(last.low > 0)

    def _day(self, random: np.random.Generator, day: int, pair: ModelPair) -> list[LoggedRow]:
        """Both err by noise of their own, part of which the rows of a day share."""
        shared = random.normal(scale=0.3, size=2)
        rows = []
        for number in range(ROWS_A_DAY):
            noise = shared + random.normal(size=2)
            noise[1] *= sqrt(1 - self.gain)
            moment = START + timedelta(days=day, minutes=number)
            name = f"{day}-{number}-{random.integers(1 << 62)}"
            label, answers = self._answers(random, noise, pair)
            record = Record(name, None, moment, moment, {}, tuple(answers))
            row = LoggedRow(record, Label(name, label, moment))
            if pair.share is not None:
                version = "2" if pair.drawn(row) < pair.share else "1"
                own = tuple(answer for answer in answers if answer.version == version)
                row = LoggedRow(Record(name, None, moment, moment, {}, own), row.label)
            rows.append(row)
        return rows

    def _answers(
        self, random: np.random.Generator, noise: Floats, pair: ModelPair
    ) -> tuple[float | str | bool, list[Output]]:
        if not pair.classes:
            return 0.0, [Output(str(at + 1), "", not at, float(noise[at])) for at in (0, 1)]
        signal = random.normal(size=len(pair.classes))
        label = pair.classes[int((signal + random.gumbel(size=len(signal))).argmax())]
        outputs = []
        for at in (0, 1):
            logits = signal + noise[at] * np.eye(len(signal))[-1]
            odds = np.exp(logits - logits.max())
            outputs.append(Output(str(at + 1), "", not at, label, (odds / odds.sum()).tolist()))
        return label, outputs


def _autoregression(random: np.random.Generator, correlation: float) -> Floats:
    days = random.normal(size=TRIAL + 50)
    for day in range(1, len(days)):
        days[day] = correlation * days[day - 1] + sqrt(1 - correlation**2) * days[day]
    return days[50:]


EQUAL = Aim("at most", 0.05)
_PROMOTED = "equal challenger promoted"
CASES: tuple[Case, ...] = (
    Case(_PROMOTED, "independent days", partial(synthetic, "normal"), 400, EQUAL),
    Case(_PROMOTED, "AR(.5) from day to day", partial(synthetic, "AR.5"), 400, EQUAL),
    Case(_PROMOTED, "AR(.8) from day to day", partial(synthetic, "AR.8"), 400),
    Case(_PROMOTED, "skewed days", partial(synthetic, "skewed"), 400, EQUAL),
    Case(_PROMOTED, "heavy-tailed days", partial(synthetic, "heavy"), 400, EQUAL),
    Case(_PROMOTED, "a catastrophe on 3 % of the days", partial(synthetic, "rare"), 400),
    Case(_PROMOTED, "the sample's pairs", partial(on_sample, 0.0, TRIAL), 600, EQUAL),
    Case(_PROMOTED, "split, two classes", Logged("split"), 100, EQUAL),
    Case(_PROMOTED, "three classes", Logged("multiclass"), 100, EQUAL),
    Case(_PROMOTED, "regression", Logged("regression"), 100, EQUAL),
    *(
        Case("better challenger promoted", text, Logged(problem, gain), 30)
        for problem, text, gain in (
            ("split", "split, two classes: half of the noise", 0.5),
            ("multiclass", "three classes: half of the noise", 0.5),
            ("regression", "regression: better by 20 % of the squared error", 0.2),
        )
    ),
    *(
        Case("worse challenger promoted", text, Logged(problem, -0.2), 30, Aim("at most", 0.01))
        for problem, text in (
            ("split", "split, two classes: a fifth more noise"),
            ("multiclass", "three classes: a fifth more noise"),
            ("regression", "regression: worse by 20 % of the squared error"),
        )
    ),
    Case(
        "challenger better by 2 % promoted",
        "the sample's pairs",
        partial(on_sample, 0.02, TRIAL),
        400,
        Aim("at least", 0.5),
    ),
    Case(
        "challenger better by 5 % promoted",
        "the sample's pairs",
        partial(on_sample, 0.05, TRIAL),
        400,
        Aim("at least", 0.9),
        "in spring two versions differ by a fifth of the loss from day to day",
    ),
    Case(
        "challenger worse by 1 % promoted",
        "the sample's pairs",
        partial(on_sample, -0.01, TRIAL),
        600,
        Aim("at most", 0.01),
    ),
    Case(
        "champion in probation worse by 5 % rolled back",
        "the sample's pairs",
        partial(on_sample, 0.05, PROBATION),
        400,
        Aim("at least", 0.5),
    ),
    Case(
        "equal champion in probation rolled back",
        "the sample's pairs",
        partial(on_sample, 0.0, PROBATION),
        600,
        EQUAL,
    ),
)
