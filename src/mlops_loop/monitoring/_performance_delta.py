"""A metric on labelled rows of a window and on the holdout, and what it says about them."""

from dataclasses import dataclass

from ..evaluation._formatting import format_metric
from ..evaluation._interval import Interval
from ._findings import Finding, Severity
from ._recalibration import Recalibration


def basis(metric: str) -> str:
    """The base rate or spread that the metric was adjusted to, as text."""
    return f"at the holdout's {'spread' if metric in ('rmse', 'mae') else 'base rate'}"


@dataclass(frozen=True)
class PerformanceDelta:
    """A metric on the window and on the holdout.

    Attributes:
        metric: its name.
        rows: number of labelled rows of the window.
        value: metric on the window, not adjusted.
        adjusted: metric at the base rate or spread of the holdout.
        reference: metric on the holdout.
        worsening: adjusted difference; positive is worse for every metric.
        recalibration: recalibration of the labelled rows.
        growth: by how much the errors of a regression grew, as a share of those on the holdout;
            None for classes.
        biased_class: the class that the bias is about, as text; empty for numbers.
    """

    metric: str
    rows: int
    value: float
    adjusted: float
    reference: float
    worsening: Interval
    recalibration: Recalibration
    growth: Interval | None
    biased_class: str

    def is_worse(self, margin: float) -> bool:
        """Whether recalibration is needed, or errors and metric of a regression surely grew.

        Args:
            margin: as a share of the loss of a constant forecast; of a regression, of the loss and
                of the errors on the holdout.
        """
        if self.recalibration.is_needed(margin):
            return True
        return self.growth is not None and self.growth.low > margin and self.worsening.low > 0

    @property
    def rises_when_worse(self) -> bool:
        return self.adjusted > self.reference

    def limit(self, margin: float) -> float:
        """The value at which it is worse by the margin, as a share of that on the holdout."""
        share = margin if self.rises_when_worse else -margin
        return self.reference + share * abs(self.reference)

    def finding(
        self, margin: float, severity: Severity, column: str | None = None, value: str | None = None
    ) -> Finding:
        """The finding that performance is worse, in the window or in one slice of it."""
        where = f" where {column} is {value}" if value is not None else ""
        limit = self.limit(margin)
        is_beyond = self.worsening.value > abs(limit - self.reference)
        text = (
            f"performance is worse{where}: {self.metric} is {format_metric(self.adjusted)} "
            f"{basis(self.metric)} on {self.rows} labelled rows, "
            f"{format_metric(self.reference)} on the holdout: {self.change()}; {self.explanation()}"
        )
        return Finding(
            "performance",
            text,
            severity,
            column,
            self.metric,
            self.adjusted,
            limit if is_beyond else None,
            value,
        )

    def metrics(self) -> dict[str, float]:
        return {
            "labelled": float(self.rows),
            self.metric: self.value,
            f"{self.metric}_adjusted": self.adjusted,
            f"{self.metric}_reference": self.reference,
            "worsening": self.worsening.value,
            "worsening_low": self.worsening.low,
            "worsening_high": self.worsening.high,
            **self.recalibration.metrics(),
        }

    def explanation(self) -> str:
        """What recalibration of the rows says about the predictions."""
        own = self.recalibration
        direction = "high" if own.bias > 0 else "low"
        if own.biased_class is None:
            size, loss = format_metric(abs(own.bias)), "mean squared error"
        else:
            size, loss = f"{100 * abs(own.bias):.1f} points", "log loss"
        of_class = f" of {self.biased_class}" if self.biased_class else ""
        return (
            f"predictions{of_class} are too {direction} by {size} on average; recalibrated on "
            f"these rows the {loss} would be {format_metric(own.recalibrated)} instead of "
            f"{format_metric(own.loss)} (chance {own.chance:.2g}, limit {own.alpha:.2g}, "
            f"{own.clusters} days or groups)"
        )

    def summary(self) -> str:
        return (
            f"{self.metric} {format_metric(self.value)} on {self.rows} labelled rows, "
            f"{format_metric(self.adjusted)} {basis(self.metric)}, against "
            f"{format_metric(self.reference)} on the holdout: {self.change()}"
        )

    def change(self) -> str:
        """How much better or worse it is, with the bounds of the interval."""
        worse = self.worsening
        if worse.value < 0:
            return f"better by {Interval(-worse.value, -worse.high, -worse.low)}"
        return f"worse by {worse}"
