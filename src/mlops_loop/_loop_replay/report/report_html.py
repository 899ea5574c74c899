"""The report of a replay as one self-contained HTML page."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Template

from ..._atomic import atomic_write
from ..._templates import load_template
from ...evaluation._formatting import three_digits
from . import report_charts
from .metric_chart import metric_panel, span, three
from .report import Details, Month, ReplayReport

NAMES = {
    "roc_auc": "AUC",
    "log_loss": "log loss",
    "brier": "Brier score",
    "mae": "MAE",
    "rmse": "RMSE",
}


def render(report: ReplayReport, path: Path) -> None:
    """Write the page atomically; the folder is created if it is missing."""
    with atomic_write(path) as draft:
        draft.write_text(html(report), encoding="utf-8")


def html(report: ReplayReport) -> str:
    """The page as text; deterministic."""
    drawings = [
        {
            "layout": layout,
            "axis": layout.axis(report),
            "held_out": report_charts.held_out_edge(report, layout.axis(report)),
            "curve": metric_panel(report, layout),
            "lanes": report_charts.strip(report, layout),
            "traffic": report_charts.traffic(report, layout),
            "heat": report_charts.heat_map(report, layout),
            "context": report_charts.context(report, layout),
        }
        for layout in (report_charts.WIDE, report_charts.NARROW)
    ]
    return _template().render(
        report=report,
        drawings=drawings,
        headline=headline(report),
        metrics=metrics(report),
        hidden_columns=max(len(report_charts.drift_rows(report)) - report_charts.MOST_COLUMNS, 0),
        linked=any(month.report for month in report.months),
    )


def headline(report: ReplayReport) -> Mapping[str, object]:
    """Values of the headline: the months, both means, and the number of months ahead.

    Computed on the held-out months if any of them has metrics, otherwise on the others.
    """
    held_out = bool(report.compared(report.metric, held_out=True))
    months = report.half(held_out=held_out)
    champion, first = report.mean_champion(held_out=held_out), report.mean_first(held_out=held_out)
    return {
        "held_out": held_out,
        "since": months[0].label if months else "",
        "until": months[-1].label if months else "",
        "champion": champion,
        "first": first,
        "gain": None if champion is None or first is None else champion - first,
        "ahead": report.months_ahead(held_out=held_out),
        "compared": len(report.compared(report.metric, held_out=held_out)),
    }


def metrics(report: ReplayReport) -> list[tuple[str, list[tuple[float | None, float | None]]]]:
    """(metric, [(champion, first) on the design half, the same on the half held out])."""
    names = list(dict.fromkeys(name for month in report.months for name in month.champion))
    names.sort(key=lambda name: name != report.metric)
    return [
        (
            name,
            [
                (
                    report.mean_champion(held_out=held_out, metric=name),
                    report.mean_first(held_out=held_out, metric=name),
                )
                for held_out in (False, True)
            ],
        )
        for name in names
    ]


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 promotion`, `2 promotions`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def short(number: int) -> str:
    """A count for a narrow column: 940, 5.9k, 12k."""
    if number < 1000:
        return str(number)
    thousands = f"{number / 1000:.1f}" if number < 9950 else f"{number / 1000:.0f}"
    return thousands.removesuffix(".0") + "k"


def pairs(details: Details) -> list[tuple[str, str]]:
    """Details as labels and rounded numbers."""
    return [(label(name), _format_value(value)) for name, value in details.items()]


def clip(text: str, length: int) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def axis_label(month: Month, layout: report_charts.Layout) -> str:
    """A month's label, shortened to the width of its column."""
    if layout is report_charts.WIDE:
        return clip(month.label, 10)
    return month.label if len(month.label) <= 4 else f"{month.since:%b}"


def label(name: str) -> str:
    """Display name of a metric or detail."""
    return NAMES.get(name, name.replace("_", " "))


def _format_value(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, int):
        return _minus(f"{value:,}")
    if isinstance(value, float):
        return _minus(three_digits(value))
    return str(value)


def _minus(number: str) -> str:
    # a hyphen is too short to be seen before a digit
    return number.replace("-", "\N{MINUS SIGN}", 1) if number.startswith("-") else number


def _day(moment: datetime | None) -> str:
    return "–" if moment is None else f"{moment.day} {moment:%b %Y}"


@cache
def _template() -> Template:
    filters = (three, span, count, short, pairs, label, clip, axis_label, report_charts.named)
    by_name = {function.__name__: function for function in filters}
    return load_template(
        "mlops_loop._loop_replay.report", "report.html.j2", filters={**by_name, "day": _day}
    )
