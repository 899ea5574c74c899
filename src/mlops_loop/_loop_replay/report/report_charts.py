"""Layout of the page's charts: all coordinates that the template draws."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...evaluation._formatting import three_digits
from .chart_geometry import Axis, lanes
from .report import ReplayReport, VersionSpan

LEVELS = (0.5, 1.0, 1.5, 2.5)  # of a heat map's cell, in thresholds
MOST_COLUMNS = 16
LANE = 24
CELL = 24


@dataclass(frozen=True)
class Layout:
    """One drawing of the figures: a wide one for screens and paper, a narrow one for phones."""

    name: str
    width: int
    left: int
    right: int
    plot: int

    def axis(self, report: ReplayReport) -> Axis:
        bounds = tuple((month.since, month.until) for month in report.months)
        return Axis(bounds, self.left, self.width - self.right)


WIDE = Layout("wide", 1080, 168, 62, 290)
NARROW = Layout("narrow", 390, 84, 36, 230)


@dataclass(frozen=True)
class Mark:
    """A version that was promoted, rejected or rolled back, and when."""

    x: float
    lane: int
    version: str
    kind: str


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    kind: str
    text: str
    title: str


@dataclass(frozen=True)
class Lane:
    version: str
    outcome: str
    y: float
    bars: tuple[Bar, ...]
    mark: Mark | None


def marks(report: ReplayReport, axis: Axis) -> tuple[Mark, ...]:
    """Promotions, rejections and rollbacks, in order of time."""
    events: list[tuple[float, str, str]] = []
    for span in report.versions:
        if span.version != report.first_version and span.served_from is not None:
            events.append((axis.at(span.served_from), span.version, "promoted"))
        if span.outcome == "rejected" and span.shadow_to is not None:
            events.append((axis.at(span.shadow_to), span.version, "rejected"))
        if span.outcome == "rejected at gate":
            events.append((axis.at(span.trained_until), span.version, "rejected at gate"))
        if span.outcome == "rolled back" and span.served_to is not None:
            events.append((axis.at(span.served_to), span.version, "rolled back"))
    events.sort()
    chosen = lanes([x for x, _, _ in events], 34)
    return tuple(Mark(x, lane, *rest) for (x, *rest), lane in zip(events, chosen, strict=True))


def held_out_edge(report: ReplayReport, axis: Axis) -> float | None:
    """Where the months held out begin."""
    indices = [index for index, month in enumerate(report.months) if month.held_out]
    return axis.start(indices[0]) if indices else None


def named(version: str) -> str:
    """Display name of a version: a bare registry number gets a leading v."""
    return f"v{version}" if version.isdigit() else version


def tone(report: ReplayReport, version: str) -> str:
    """CSS class of a version: `first`, or alternately `odd` and `even` in serving order."""
    if version == report.first_version:
        return "first"
    served = [span.version for span in report.versions if span.served_from is not None]
    order = list(dict.fromkeys(served))
    return ("even", "odd")[order.index(version) % 2] if version in order else "odd"


def strip(report: ReplayReport, layout: Layout) -> tuple[Lane, ...]:
    """One lane per version: when it served, and when it ran in shadow."""
    axis = layout.axis(report)
    spans: dict[str, list[VersionSpan]] = {}
    for span in report.versions:
        spans.setdefault(span.version, []).append(span)
    ends = {mark.version: mark for mark in marks(report, axis) if mark.kind != "promoted"}
    strips = []
    for index, (version, parts) in enumerate(spans.items()):
        y = index * LANE
        bars = [bar for part in parts for bar in _bars(report, part, axis, y)]
        outcome = "first model" if index == 0 else parts[-1].outcome
        strips.append(Lane(version, outcome, y, tuple(bars), ends.get(version)))
    return tuple(strips)


def _bars(report: ReplayReport, span: VersionSpan, axis: Axis, y: float) -> Iterable[Bar]:
    colour = tone(report, span.version)
    pieces = (
        ("shadow", "in shadow", span.shadow_from, span.shadow_to),
        ("served", "served", span.served_from, span.served_to),
    )
    for kind, words, since, until in pieces:
        if since is None:
            continue
        x = axis.at(since)
        stop = axis.right if until is None else axis.at(until)
        last = "the end" if until is None else f"{until:%d %b}"
        title = f"{named(span.version)} {words} {since:%d %b} to {last}"
        yield Bar(x, y + 4, max(stop - x, 1.5), LANE - 8, f"{kind} {colour}", "", title)


def traffic(report: ReplayReport, layout: Layout, height: float = 44) -> tuple[Bar, ...]:
    """Rows per month, stacked by version, from zero."""
    axis = layout.axis(report)
    most = max((sum(month.traffic.values()) for month in report.months), default=0) or 1
    bars = []
    for index, month in enumerate(report.months):
        y = height
        for version, rows in month.traffic.items():
            tall = height * rows / most
            y -= tall
            text = named(version) if tall >= 12 else ""
            title = f"{month.label}: {named(version)} predicted {rows:,} rows"
            x, width = axis.start(index) + axis.step * 0.06, axis.step * 0.88
            bars.append(Bar(x, y, width, tall, tone(report, version), text, title))
    return tuple(bars)


def level(ratio: float) -> int:
    """The shade of a cell: 0 and 1 below the threshold, 2 to 4 above it."""
    return sum(ratio >= edge for edge in LEVELS)


def drift_rows(report: ReplayReport) -> tuple[str, ...]:
    """The columns of the heat map, the one that drifted most on top."""
    most: dict[str, float] = {}
    for month in report.months:
        for column, ratio in month.drift.items():
            most[column] = max(ratio, most.get(column, 0.0))
    return tuple(sorted(most, key=lambda column: (-most[column], column)))


def heat_map(report: ReplayReport, layout: Layout) -> tuple[tuple[str, tuple[Bar, ...]], ...]:
    """(column, cells) for the columns that drifted most; a month without a score has no cell."""
    axis = layout.axis(report)
    rows = []
    for row, column in enumerate(drift_rows(report)[:MOST_COLUMNS]):
        cells = []
        for index, month in enumerate(report.months):
            ratio = month.drift.get(column)
            if ratio is None:
                continue
            text = f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}"
            title = f"{column}, {month.label}: {ratio:.2f} × threshold"
            x, y = axis.start(index) + 1, row * CELL + 1
            kind = f"h{level(ratio)}"
            cells.append(Bar(x, y, axis.step - 2, CELL - 2, kind, text, title))
        rows.append((column, tuple(cells)))
    return tuple(rows)


def context(
    report: ReplayReport, layout: Layout, height: float = 34
) -> Mapping[str, tuple[Bar, ...]]:
    """What the months were like: the base rate, then each value of their context, from zero."""
    axis = layout.axis(report)
    rows: dict[str, list[tuple[int, float, str]]] = {}
    for index, month in enumerate(report.months):
        if month.base_rate is not None:
            share = f"{100 * month.base_rate:.0f}%"
            rows.setdefault("base rate", []).append((index, month.base_rate, share))
        for name, value in month.context.items():
            rows.setdefault(name, []).append((index, value, three_digits(value)))
    charts = {}
    for name, values in rows.items():
        most = max(abs(value) for _, value, _ in values) or 1.0
        charts[name] = tuple(
            Bar(
                axis.start(index) + axis.step * 0.2,
                height * (1 - abs(value) / most),
                axis.step * 0.6,
                height * abs(value) / most,
                "below" if value < 0 else "",
                text,
                f"{report.months[index].label}: {text}",
            )
            for index, value, text in values
        )
    return charts
