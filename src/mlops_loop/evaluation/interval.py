"""A value with its confidence bounds."""

from dataclasses import dataclass

from .formatting import format_metric


@dataclass(frozen=True)
class Interval:
    """An estimate and its confidence bounds, in the units of the metric."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return (
            f"{format_metric(self.value)} [{format_metric(self.low)}, {format_metric(self.high)}]"
        )
