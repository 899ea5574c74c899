"""Champion against challenger on the same labelled rows, by a test that may always be looked at.

Each row gives the difference of two bounded losses. A gambler who stakes a share of her money
on "the challenger loses less" cannot expect to gain if that is untrue, so money multiplied by
1 / error_rate happens with at most that probability, however often one looks (Ville's
inequality). The stakes follow Waudby-Smith and Ramdas, "Estimating means of bounded random
variables by betting", JRSS B 86 (2024), section B.3 (aGRAPA).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..contract.model import Class
from ..prediction_log import LoggedRow, Output

Ruling = Literal["better", "worse", "undecided"]
_LARGEST_STAKE = 0.5


@dataclass(frozen=True)
class Judgement:
    """What the paired rows say so far.

    Attributes:
        ruling: whether the challenger is proven better, proven worse, or neither yet.
        rows: paired labelled rows.
        champion_loss: mean loss of the champion on them.
        challenger_loss: the same of the challenger.
    """

    ruling: Ruling
    rows: int
    champion_loss: float
    challenger_loss: float

    @property
    def figures(self) -> dict[str, object]:
        return {
            "rows": self.rows,
            "champion_loss": round(self.champion_loss, 5),
            "challenger_loss": round(self.challenger_loss, 5),
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
) -> Judgement:
    """Compare two versions on the rows that both predicted, in the order given.

    Args:
        rows: labelled rows, oldest first; those that only one version predicted are passed over.
        classes: target values in code order; empty for regression.
        error_rate: of calling a challenger better that is not, and the same for worse.
        min_rows: below it the ruling is always `undecided`.
        largest_error: for regression, the error from which on a loss is 1, in units of the target.
    """
    losses = np.array(
        [
            [loss(by[version], label, classes, largest_error) for version in (champion, challenger)]
            for by, label in _paired(rows, champion, challenger)
        ]
    ).reshape(-1, 2)
    if not len(losses):
        return Judgement("undecided", 0, 0.0, 0.0)
    gained = losses[:, 0] - losses[:, 1]
    champion_loss, challenger_loss = losses.mean(axis=0)
    ruling: Ruling = "undecided"
    if len(losses) >= min_rows:
        # A proof stands, however the money went later; but nobody acts on one that the mean belies.
        if gained.mean() > 0 and wealth(gained).max() >= 1 / error_rate:
            ruling = "better"
        elif gained.mean() < 0 and wealth(-gained).max() >= 1 / error_rate:
            ruling = "worse"
    return Judgement(ruling, len(losses), float(champion_loss), float(challenger_loss))


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


def _paired(
    rows: Iterable[LoggedRow], champion: str, challenger: str
) -> Iterable[tuple[dict[str, Output], object]]:
    for row in rows:
        by = {output.version: output for output in row.record.outputs}
        if row.label is not None and champion in by and challenger in by:
            yield by, row.label.label
