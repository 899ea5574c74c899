"""Geometry of the page's figures: pure functions from values and moments to SVG coordinates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """Months side by side, each a column of equal width, however many days it has.

    bounds: since and until of each month, in order. left, right: the drawing's edges.
    """

    bounds: tuple[tuple[datetime, datetime], ...]
    left: float
    right: float

    @property
    def step(self) -> float:
        """Width of one month."""
        return (self.right - self.left) / max(len(self.bounds), 1)

    def start(self, index: int) -> float:
        """Left edge of a month's column."""
        return self.left + self.step * index

    def centre(self, index: int) -> float:
        return self.left + self.step * (index + 0.5)

    def at(self, moment: datetime) -> float:
        """Coordinate of a moment: proportional inside its month, clipped to the axis."""
        for index, (since, until) in enumerate(self.bounds):
            if moment < since:
                return self.start(index)
            if moment < until:
                return self.start(index) + self.step * ((moment - since) / (until - since))
        return self.right


@dataclass(frozen=True)
class Scale:
    """Values to heights: `low` at `bottom`, `high` at `top` (SVG counts downwards)."""

    low: float
    high: float
    top: float
    bottom: float

    def y(self, value: float) -> float:
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return self.bottom - share * (self.bottom - self.top)


def ticks(low: float, high: float, count: int = 5) -> tuple[float, ...]:
    """Round numbers, about `count`, the first at or below `low`, the last at or above `high`."""
    if not high > low:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / max(count - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(step * index, 10) for index in range(first, last + 1))


def runs(points: Sequence[Point | None]) -> tuple[tuple[Point, ...], ...]:
    """The points of a series, split at the months without a value."""
    segments: list[list[Point]] = [[]]
    for point in points:
        if point is not None:
            segments[-1].append(point)
        elif segments[-1]:
            segments.append([])
    return tuple(tuple(run) for run in segments if run)


def line(points: Sequence[Point]) -> str:
    """An open SVG path through the points."""
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def band(lows: Sequence[Point], highs: Sequence[Point]) -> str:
    """A closed SVG path between two bounds."""
    return line([*highs, *reversed(lows)]) + " Z"


def lanes(positions: Sequence[float], gap: float) -> tuple[int, ...]:
    """A lane for each mark, so that in no lane two are closer than `gap`; positions ascend."""
    ends: list[float] = []
    chosen: list[int] = []
    for position in positions:
        free = (index for index, end in enumerate(ends) if position - end >= gap)
        lane = next(free, len(ends))
        if lane == len(ends):
            ends.append(position)
        ends[lane] = position
        chosen.append(lane)
    return tuple(chosen)


def spread(positions: Sequence[float], gap: float) -> tuple[float, ...]:
    """The positions, in their order, moved down just enough to be `gap` apart."""
    moved = [0.0] * len(positions)
    last = -math.inf
    for index in sorted(range(len(positions)), key=lambda index: positions[index]):
        last = moved[index] = max(positions[index], last + gap)
    return tuple(moved)
