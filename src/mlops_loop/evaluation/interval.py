"""A value with its confidence bounds."""

from dataclasses import dataclass

from .figure import figure


@dataclass(frozen=True)
class Interval:
    """An estimate and its confidence bounds, in the units of the metric."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{figure(self.value)} [{figure(self.low)}, {figure(self.high)}]"
