"""The story of a replayed year as one HTML page that needs nothing but itself."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Template

from ..atomic import atomic_write
from ..templates import load_template
from . import panels
from .curve import metric_panel, span, three
from .story import Figures, Month, Story

NAMES = {
    "roc_auc": "AUC",
    "log_loss": "log loss",
    "brier": "Brier score",
    "mae": "MAE",
    "rmse": "RMSE",
}


def render(story: Story, path: Path) -> None:
    """Write the page, whole or not at all; the folder is made where there is none."""
    with atomic_write(path) as draft:
        draft.write_text(html(story), encoding="utf-8")


def html(story: Story) -> str:
    """The page as text, the same for the same story."""
    drawings = [
        {
            "layout": layout,
            "axis": layout.axis(story),
            "apart": panels.apart_edge(story, layout.axis(story)),
            "curve": metric_panel(story, layout),
            "lanes": panels.strip(story, layout),
            "traffic": panels.traffic(story, layout),
            "heat": panels.heat_map(story, layout),
            "context": panels.context(story, layout),
        }
        for layout in (panels.WIDE, panels.NARROW)
    ]
    return _template().render(
        story=story,
        drawings=drawings,
        headline=headline(story),
        metrics=metrics(story),
        hidden_columns=max(len(panels.drift_rows(story)) - panels.MOST_COLUMNS, 0),
        report=any(month.report for month in story.months),
    )


def headline(story: Story) -> Mapping[str, object]:
    """The year's one sentence in pieces: over which months, both means, and who was ahead.

    The months held apart where there are some with figures, otherwise all the others.
    """
    apart = bool(story.compared(story.metric, apart=True))
    months = story.half(apart=apart)
    champion, first = story.mean_champion(apart=apart), story.mean_first(apart=apart)
    return {
        "apart": apart,
        "since": months[0].label if months else "",
        "until": months[-1].label if months else "",
        "champion": champion,
        "first": first,
        "gain": None if champion is None or first is None else champion - first,
        "ahead": story.months_ahead(apart=apart),
        "compared": len(story.compared(story.metric, apart=apart)),
    }


def metrics(story: Story) -> list[tuple[str, list[tuple[float | None, float | None]]]]:
    """(metric, [(champion, first) on the design half, the same on the half held apart])."""
    names = list(dict.fromkeys(name for month in story.months for name in month.champion))
    names.sort(key=lambda name: name != story.metric)
    return [
        (
            name,
            [
                (
                    story.mean_champion(apart=apart, metric=name),
                    story.mean_first(apart=apart, metric=name),
                )
                for apart in (False, True)
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


def pairs(figures: Figures) -> list[tuple[str, str]]:
    """A decision's figures as words and rounded numbers."""
    return [(label(name), _figure(value)) for name, value in figures.items()]


def clip(text: str, length: int) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def under(month: Month, layout: panels.Layout) -> str:
    """A month's label as it fits under its column."""
    if layout is panels.WIDE:
        return clip(month.label, 10)
    return month.label if len(month.label) <= 4 else f"{month.since:%b}"


def label(name: str) -> str:
    """A metric's or a figure's name as a person writes it."""
    return NAMES.get(name, name.replace("_", " "))


def _figure(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, int):
        return _minus(f"{value:,}")
    if isinstance(value, float):
        return _minus(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}")
    return str(value)


def _minus(number: str) -> str:
    # a hyphen is too short to be seen before a digit
    return number.replace("-", "\N{MINUS SIGN}", 1) if number.startswith("-") else number


def _day(moment: datetime | None) -> str:
    return "–" if moment is None else f"{moment.day} {moment:%b %Y}"


@cache
def _template() -> Template:
    filters = (three, span, count, short, pairs, label, clip, under, panels.named)
    by_name = {function.__name__: function for function in filters}
    return load_template("mlops_loop.loop", "page.html.j2", filters={**by_name, "day": _day})
