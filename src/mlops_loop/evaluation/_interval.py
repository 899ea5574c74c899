"""A value with its confidence bounds."""

from dataclasses import dataclass

from ._formatting import format_metric


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence bounds, in units of the metric.

    Attributes:
        value: the estimate on all rows.
        low: lower confidence bound.
        high: upper confidence bound; each bound alone has the confidence of `gate.confidence`.

    Examples:
        >>> str(Interval(0.25, 0.24, 0.26))
        '0.2500 [0.2400, 0.2600]'
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return (
            f"{format_metric(self.value)} [{format_metric(self.low)}, {format_metric(self.high)}]"
        )
