"""Champion against challenger on the same labelled rows, by a test that may always be looked at.

Each row gives the difference of two bounded losses. A gambler who stakes a share of her money
on "the challenger loses less" cannot expect to gain if that is untrue, so money multiplied by
1 / error_rate happens with at most that probability, however often one looks (Ville's
inequality). The stakes follow Waudby-Smith and Ramdas, "Estimating means of bounded random
variables by betting", JRSS B 86 (2024), section B.3 (aGRAPA).

That holds for rows that are independent. Rows of one day resemble one another: on the flights the
mean of a day spreads six to eighteen times as much as it would, and a bet on each row would
promote an equally good version far too often. So by default a bet is made on a day's mean, in
units of what the days before it were like.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..contract.model import Class
from ..prediction_log import LoggedRow, Output

Ruling = Literal["better", "worse", "undecided"]
Unit = Literal["row", "day"]
_LARGEST_STAKE = 0.5
_USUAL_SPREADS = 2.0  # beyond so many, a day counts no more


@dataclass(frozen=True)
class Judgement:
    """What the paired rows say so far.

    Attributes:
        ruling: whether the challenger is proven better, proven worse, or neither yet.
        rows: paired labelled rows.
        champion_loss: mean loss of the champion on them.
        challenger_loss: the same of the challenger.
        unanswered: labelled rows that the champion answered and the challenger did not.
    """

    ruling: Ruling
    rows: int
    champion_loss: float
    challenger_loss: float
    unanswered: int = 0

    @property
    def figures(self) -> dict[str, object]:
        return {
            "rows": self.rows,
            "champion_loss": round(self.champion_loss, 5),
            "challenger_loss": round(self.challenger_loss, 5),
            **({"unanswered": self.unanswered} if self.unanswered else {}),
        }

    def sentence(self) -> str:
        return (
            f"mean loss {self.challenger_loss:.4f} against the champion's "
            f"{self.champion_loss:.4f} on {self.rows} labelled rows"
        )


def judge(
    rows: Iterable[LoggedRow],
    *,
    champion: str,
    challenger: str,
    classes: Sequence[Class],
    error_rate: float,
    min_rows: int,
    largest_error: float = 1.0,
    unit: Unit = "row",
) -> Judgement:
    """Compare two versions on the rows that both predicted, in the order given.

    Args:
        rows: labelled rows, oldest first; those that only one version predicted are passed over.
        classes: target values in code order; empty for regression.
        error_rate: of calling a challenger better that is not, and the same for worse.
        min_rows: below it the ruling is always `undecided`.
        largest_error: for regression, the error from which on a loss is 1, in units of the target.
        unit: what a bet is made on; rows of one day (UTC, by event time) need not be independent.
    """
    pairs: list[list[float]] = []
    days: list[date] = []
    unanswered = 0
    for day, by, label in _answered(rows, champion):
        if challenger in by:
            # Until its first answer the service had not picked it up.
            unanswered = unanswered if pairs else 0
            days.append(day)
            pairs.append(
                [loss(by[one], label, classes, largest_error) for one in (champion, challenger)]
            )
        else:
            unanswered += 1
    if not pairs:
        return Judgement("undecided", 0, 0.0, 0.0, unanswered)
    losses = np.array(pairs)
    gained = losses[:, 0] - losses[:, 1]
    champion_loss, challenger_loss = losses.mean(axis=0)
    ruling: Ruling = "undecided"
    bets = gained if unit == "row" else daily(gained, days)
    if len(losses) >= min_rows and len(bets):
        # A proof stands, however the money went later; but nobody acts on one that the mean belies.
        if gained.mean() > 0 and wealth(bets).max() >= 1 / error_rate:
            ruling = "better"
        elif gained.mean() < 0 and wealth(-bets).max() >= 1 / error_rate:
            ruling = "worse"
    means = float(champion_loss), float(challenger_loss)
    return Judgement(ruling, len(losses), *means, unanswered)


def daily(gained: NDArray[np.float64], days: Sequence[date]) -> NDArray[np.float64]:
    """The mean of each day, in [-1, 1]; the last day is left out, for it may not be over.

    The scale of a day is known before it: what the days before it spread, as a root mean square.
    What lies beyond is cut off on either side, which leaves a mean of zero at zero where ups are
    as large as downs.
    """
    _, starts = np.unique(np.array(days, dtype="datetime64[D]"), return_index=True)
    if len(starts) < 3:
        return np.empty(0)
    means = np.array([part.mean() for part in np.split(gained, starts[1:])][:-1])
    spread = np.sqrt(np.cumsum(means**2) / np.arange(1, len(means) + 1))[:-1]
    scale = np.maximum(_USUAL_SPREADS * spread, np.finfo(float).tiny)
    scaled: NDArray[np.float64] = np.clip(means[1:] / scale, -1.0, 1.0)
    return scaled


def wealth(gained: NDArray[np.float64]) -> NDArray[np.float64]:
    """Money after each row of somebody who began with 1 and bets on a positive mean.

    Args:
        gained: differences in [-1, 1], shape (rows,), in the order in which they came.
    """
    count = np.arange(1, len(gained) + 1)
    mean = np.cumsum(gained) / (count + 1)
    variance = (0.25 + np.cumsum((gained - mean) ** 2)) / (count + 1)
    stakes = np.clip(mean / (variance + mean**2), 0.0, _LARGEST_STAKE)
    known_before = np.concatenate([[0.0], stakes[:-1]])
    money: NDArray[np.float64] = np.exp(np.cumsum(np.log1p(known_before * gained)))
    return money


def loss(output: Output, label: object, classes: Sequence[Class], largest_error: float) -> float:
    """Loss in [0, 1]: halved Brier score of the probabilities, or clipped squared error."""
    if output.probabilities is None:
        error = abs(float(output.prediction or 0) - float(label or 0))  # type: ignore[arg-type]
        return min(error / largest_error, 1.0) ** 2
    return 0.5 * sum(
        (probability - (value == label)) ** 2
        for value, probability in zip(classes, output.probabilities, strict=True)
    )


def _answered(
    rows: Iterable[LoggedRow], champion: str
) -> Iterable[tuple[date, dict[str, Output], object]]:
    for row in rows:
        by = {output.version: output for output in row.record.outputs}
        if row.label is not None and champion in by:
            yield row.record.event_time.date(), by, row.label.label
