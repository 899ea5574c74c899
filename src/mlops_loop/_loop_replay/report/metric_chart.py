"""The metric per month as a curve, for the champion and the first model."""

from collections.abc import Iterable
from dataclasses import dataclass

from ...evaluation._interval import Interval
from .chart_geometry import Axis, Point, Scale, band, line, runs, spread, ticks
from .report import Month, ReplayReport
from .report_charts import Layout, Mark, held_out_edge, marks

CHANCE = {"roc_auc": 0.5}  # what guessing scores, if that does not depend on the data


@dataclass(frozen=True)
class Series:
    name: str
    lines: tuple[str, ...]
    bands: tuple[str, ...]
    dots: tuple[tuple[float, float, str], ...]
    end: tuple[float, str] | None


@dataclass(frozen=True)
class MetricPanel:
    axis: Axis
    scale: Scale
    ticks: tuple[tuple[float, str], ...]
    chance: float | None
    series: tuple[Series, ...]
    marks: tuple[Mark, ...]
    held_out: float | None


def metric_panel(report: ReplayReport, layout: Layout) -> MetricPanel:
    """The metric per month for the champion and the first model; gaps are allowed."""
    axis = layout.axis(report)
    sides = {
        "first": [month.first.get(report.metric) for month in report.months],
        "champion": [month.champion.get(report.metric) for month in report.months],
    }
    known = [interval for side in sides.values() for interval in side if interval is not None]
    chance = CHANCE.get(report.metric)
    edges = [edge for interval in known for edge in (interval.low, interval.high)]
    steps = ticks(*_reach([*edges, *([chance] if chance is not None else [])]))
    scale = Scale(steps[0], steps[-1], 0, layout.plot)
    ends = [_last(side) for side in sides.values()]
    heights = spread([scale.y(end) for end in ends if end is not None], 16)
    rest = iter(heights)
    series = tuple(
        _series(name, side, report.months, axis, scale, next(rest) if end is not None else None)
        for (name, side), end in zip(sides.items(), ends, strict=True)
    )
    digits = max(len(f"{step:.10f}".rstrip("0").split(".")[1]) for step in steps)
    return MetricPanel(
        axis=axis,
        scale=scale,
        ticks=tuple((scale.y(step), f"{step:.{digits}f}") for step in steps),
        chance=None if chance is None else scale.y(chance),
        series=series,
        marks=marks(report, axis),
        held_out=held_out_edge(report, axis),
    )


def three(value: float | None) -> str:
    """A metric to three decimal places, fewer if it is large; a dash for None."""
    if value is None:
        return "–"
    digits = 3 if abs(value) < 10 else 2 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}"


def span(interval: Interval | None) -> str:
    """An estimate with its bounds."""
    if interval is None:
        return "–"
    return f"{three(interval.value)} [{three(interval.low)}, {three(interval.high)}]"


def _reach(edges: list[float]) -> tuple[float, float]:
    return (min(edges), max(edges)) if edges else (0.0, 1.0)


def _last(side: Iterable[Interval | None]) -> float | None:
    values = [interval.value for interval in side if interval is not None]
    return values[-1] if values else None


def _series(
    name: str,
    side: list[Interval | None],
    months: tuple[Month, ...],
    axis: Axis,
    scale: Scale,
    end: float | None,
) -> Series:
    def track(which: str) -> list[tuple[Point, ...]]:
        points = [
            None if interval is None else (axis.centre(index), scale.y(getattr(interval, which)))
            for index, interval in enumerate(side)
        ]
        return [_widened(run) for run in runs(points)]

    dots = tuple(
        (
            axis.centre(index),
            scale.y(interval.value),
            f"{month.label}: {span(interval)}, n = {month.labels:,}",
        )
        for index, (month, interval) in enumerate(zip(months, side, strict=True))
        if interval is not None
    )
    value = _last(side)
    return Series(
        name=name,
        lines=tuple(line(run) for run in track("value")),
        bands=tuple(band(a, b) for a, b in zip(track("low"), track("high"), strict=True)),
        dots=dots,
        end=None if value is None or end is None else (end, three(value)),
    )


def _widened(run: tuple[Point, ...]) -> tuple[Point, ...]:
    # a month alone between two gaps would have a band without an area
    if len(run) > 1:
        return run
    ((x, y),) = run
    return ((x - 4, y), (x + 4, y))
