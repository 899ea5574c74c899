"""Champion and challenger on labelled rows, compared by a sequential test."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..evaluation._formatting import format_metric
from ..prediction_log import LoggedRow
from ._paired_loss import ModelPair
from ._sequential_test import SequentialTest, Unit

Conclusion = Literal["better", "worse", "undecided"]


@dataclass(frozen=True)
class TrialResult:
    """The losses of both versions so far, and the conclusion of the test.

    Attributes:
        conclusion: whether the challenger is significantly better or worse, or neither so far.
        loss: name of the loss, which is not the metric that decides at the gate: it is bounded, as
            the sequential test needs.
        champion_loss: mean loss of the champion; for regression in units of the target.
        challenger_loss: mean loss of the challenger, likewise.
        champion_rows: number of rows of the champion; in shadow also those of the challenger.
        challenger_rows: number of rows of the challenger.
        paired: whether these are the same rows.
    """

    conclusion: Conclusion
    loss: str
    champion_loss: float
    challenger_loss: float
    champion_rows: int
    challenger_rows: int
    paired: bool

    @property
    def metrics(self) -> dict[str, object]:
        unpaired = {"challenger_rows": self.challenger_rows} if not self.paired else {}
        return {
            "rows": self.champion_rows,
            **unpaired,
            "loss": self.loss,
            "champion_loss": round(self.champion_loss, 5),
            "challenger_loss": round(self.challenger_loss, 5),
        }

    def summary(self) -> str:
        own = f"{self.loss} {format_metric(self.challenger_loss)}"
        others = f"the champion's {format_metric(self.champion_loss)} on {self.champion_rows}"
        if self.paired:
            return f"{own} against {others} labelled rows"
        return f"{own} on {self.challenger_rows} labelled keys against {others}"


def compare_losses(
    rows: Iterable[LoggedRow],
    model_pair: ModelPair,
    *,
    error_rate: float,
    min_rows: int,
    unit: Unit = "row",
) -> TrialResult:
    """Compare two versions on labelled rows, in the order given, in one pass.

    Args:
        rows: rows of the log, oldest first; see _paired_loss.py for which of them count.
        model_pair: the two versions, and whether they shared rows or keys.
        error_rate: probability of calling a challenger better that is not; the same for worse.
        min_rows: number of rows below which the conclusion is `undecided`.
        unit: `row` or `day`, the unit of the sequential test.
    """
    test, champion, challenger = SequentialTest(unit), _Mean(), _Mean()
    count = 0
    for difference in model_pair.loss_differences(rows):
        count += 1
        test.add(difference.day, difference.loss_reduction)
        champion.add(difference.champion_loss)
        challenger.add(difference.challenger_loss)
    conclusion: Conclusion = "undecided"
    if count >= min_rows:
        # A significant result stays valid, but is not used if the means contradict it.
        ahead = champion.value - challenger.value
        if ahead > 0 and test.is_significant(error_rate):
            conclusion = "better"
        elif ahead < 0 and test.is_significant(error_rate, negative=True):
            conclusion = "worse"
    return TrialResult(
        conclusion=conclusion,
        loss=model_pair.loss_name,
        champion_loss=model_pair.mean_loss(champion.value),
        challenger_loss=model_pair.mean_loss(challenger.value),
        champion_rows=champion.count,
        challenger_rows=challenger.count,
        paired=model_pair.share is None,
    )


class _Mean:
    def __init__(self) -> None:
        self.count, self._total = 0, 0.0

    def add(self, value: float | None) -> None:
        if value is not None:
            self.count, self._total = self.count + 1, self._total + value

    @property
    def value(self) -> float:
        return self._total / self.count if self.count else 0.0
