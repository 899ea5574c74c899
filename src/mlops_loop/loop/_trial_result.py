"""Champion and challenger on labelled rows, compared by a group-sequential test."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import isfinite
from typing import Literal

from ..evaluation._formatting import format_metric
from ..evaluation._interval import Interval
from ..prediction_log import LoggedRow
from ._paired_loss import ModelPair
from ._sequential_test import SequentialTest, Unit

# A smaller share of the loss is no difference but rounding.
_ROUNDING = 1e-9

Conclusion = Literal["better", "worse", "undecided"]


@dataclass(frozen=True)
class Rule:
    """When the challenger is called better or worse.

    Attributes:
        error_rate: probability of calling a challenger better that is not, at any look; the same
            for worse.
        min_rows: number of rows below which the conclusion is `undecided`.
        unit: `row` or `day`, the unit of the test.
        margin: share of the champion's loss by which the challenger may be worse and still be
            called better, if it is ahead on average (non-inferiority).
        elapsed: share of the planned duration that is over, in (0, 1].
    """

    error_rate: float
    min_rows: int
    unit: Unit = "day"
    margin: float = 0.0
    elapsed: float = 1.0


@dataclass(frozen=True)
class TrialResult:
    """The losses of both versions so far, and the conclusion of the test.

    Attributes:
        conclusion: whether the challenger is significantly better or worse, or neither so far.
        loss: name of the loss.
        champion_loss: the champion's metric on these rows, in its own units.
        challenger_loss: that of the challenger.
        gain: how much better the challenger is, in the same units, with the bounds of the test;
            None with too few days.
        champion_rows: number of rows of the champion; in shadow also those of the challenger.
        challenger_rows: number of rows of the challenger.
        days: number of days with rows; None if the unit of the test is the row.
        paired: whether these are the same rows.
    """

    conclusion: Conclusion
    loss: str
    champion_loss: float
    challenger_loss: float
    gain: Interval | None
    champion_rows: int
    challenger_rows: int
    days: int | None
    paired: bool

    @property
    def is_ahead(self) -> bool:
        """Whether the challenger's metric is the better one, significantly or not."""
        return self.champion_loss - self.challenger_loss > _ROUNDING * self.champion_loss

    @property
    def is_behind(self) -> bool:
        return self.challenger_loss - self.champion_loss > _ROUNDING * self.champion_loss

    @property
    def rows(self) -> int:
        return self.champion_rows + (0 if self.paired else self.challenger_rows)

    @property
    def metrics(self) -> dict[str, object]:
        unpaired = {"challenger_rows": self.challenger_rows} if not self.paired else {}
        gain = {} if self.gain is None else {"gain": self.gain.value}
        if self.gain is not None and isfinite(self.gain.low):
            gain |= {"gain_low": self.gain.low, "gain_high": self.gain.high}
        return {
            "rows": self.champion_rows,
            **unpaired,
            "loss": self.loss,
            "champion_loss": round(self.champion_loss, 5),
            "challenger_loss": round(self.challenger_loss, 5),
            **{name: round(value, 6) for name, value in gain.items()},
        }

    def summary(self) -> str:
        """The metrics of both on how many rows, and the difference with its interval."""
        own = f"{self.loss} {format_metric(self.challenger_loss)}"
        others = f"the champion's {format_metric(self.champion_loss)} on {self.champion_rows}"
        if self.paired:
            text = f"{own} against {others} labelled rows"
        else:
            text = f"{own} on {self.challenger_rows} labelled keys against {others}"
        if self.days is not None:
            text += f" of {self.days} days"
        if self.gain is None or not isfinite(self.gain.low):
            return text
        return f"{text}, {_difference(self.gain)}"


def compare_losses(rows: Iterable[LoggedRow], model_pair: ModelPair, rule: Rule) -> TrialResult:
    """Compare two versions on labelled rows, in the order given, in one pass.

    Args:
        rows: rows of the log, oldest first; see _paired_loss.py for which of them count.
        model_pair: the two versions, and whether they shared rows or keys.
        rule: when one is called better.
    """
    test, champion, challenger = SequentialTest(rule.unit), _Mean(), _Mean()
    for difference in model_pair.loss_differences(rows):
        test.add(difference.day, difference.loss_reduction)
        champion.add(difference.champion_loss)
        challenger.add(difference.challenger_loss)
    loss, gain = model_pair.loss, test.interval(rule.error_rate, rule.elapsed)
    result = TrialResult(
        conclusion="undecided",
        loss=loss.name,
        champion_loss=loss.of_mean(champion.value),
        challenger_loss=loss.of_mean(challenger.value),
        gain=None if gain is None else _in_units(gain, model_pair, champion.value),
        champion_rows=champion.count,
        challenger_rows=challenger.count,
        days=len(test) if rule.unit == "day" else None,
        paired=model_pair.share is None,
    )
    return replace(result, conclusion=_conclude(result, rule))


def _conclude(result: TrialResult, rule: Rule) -> Conclusion:
    gain = result.gain
    if gain is None or result.rows < rule.min_rows:
        return "undecided"
    if gain.low > -rule.margin * result.champion_loss and result.is_ahead:
        return "better"
    return "worse" if gain.high < 0 and result.is_behind else "undecided"


def _in_units(gain: Interval, model_pair: ModelPair, mean: float) -> Interval:
    values = (gain.value, gain.low, gain.high)
    return Interval(*(model_pair.loss.of_reduction(value, mean) for value in values))


def _difference(gain: Interval) -> str:
    if gain.value >= 0:
        return f"better by {gain}"
    return f"worse by {Interval(-gain.value, -gain.high, -gain.low)}"


class _Mean:
    def __init__(self) -> None:
        self.count, self._total = 0, 0.0

    def add(self, value: float | None) -> None:
        if value is not None:
            self.count, self._total = self.count + 1, self._total + value

    @property
    def value(self) -> float:
        return self._total / self.count if self.count else 0.0
