"""The page of a replayed year: the whole story, well formed, escaped, and drawn to scale."""

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from {{ cookiecutter.package_name }}.loop import chart, page, panels
from {{ cookiecutter.package_name }}.loop.curve import metric_panel
from {{ cookiecutter.package_name }}.loop.story import Decision, Interval, Month, Story, VersionSpan

NEVER = (0.709, 0.633, 0.688, 0.668, 0.658, 0.625, 0.630, 0.628, 0.645, 0.705)
RETRAINED = (0.709, 0.641, 0.754, 0.755, 0.752, 0.698, 0.720, 0.677, 0.682, 0.726)
RATES = (0.223, 0.276, 0.231, 0.301, 0.302, 0.221, 0.148, 0.162, 0.163, 0.313)
RAIN = (0.04, 0.05, 0.12, 0.28, 0.09, 0.09, 0.07, 0.01, 0.08, 0.12)
GUSTS = (24.8, 23.9, 22.6, 22.1, 20.4, 19.8, 20.9, 22.7, 25.6, 24.1)
DRIFT = {
    "temperature": (1.2, 4.8, 7.9, 11.2, 13.4, 12.1, 9.4, 6.2, 1.9, 0.6),
    "dew_point": (0.9, 3.1, 6.8, 9.9, 11.8, 10.2, 7.9, 5.4, 1.4, 0.8),
    "humidity": (0.8, 1.2, 1.6, 2.2, 1.7, 1.9, 1.5, 1.8, 0.9, 1.1),
    "wind_gust": (0.7, 0.9, 1.1, 1.3, 2.1, 2.4, 1.6, 0.9, 0.6, 0.5),
    "wind_speed": (0.6, 0.8, 1.0, 1.2, 1.9, 2.2, 1.4, 0.8, 0.7, 0.4),
    "pressure": (1.4, 1.1, 0.9, 2.0, 1.2, 0.8, 1.0, 0.7, 1.1, 0.9),
    "visibility": (0.3, 0.4, 0.6, 0.5, 0.4, 0.3, 0.2, 0.3, 0.5, 0.9),
    "precipitation": (0.2, 0.2, 0.5, 0.9, 0.4, 0.4, 0.3, 0.1, 0.3, 0.5),
    "wind_direction": (0.4, 0.6, 0.8, 0.9, 0.7, 0.6, 0.5, 0.6, 0.4, 0.3),
    "destination": (0.3, 0.4, 0.4, 0.5, 0.6, 0.6, 0.5, 0.4, 0.4, 0.5),
    "carrier": (0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.3, 0.3, 0.3, 0.3),
    "origin": (0.1, 0.2, 0.1, 0.2, 0.2, 0.1, 0.2, 0.1, 0.1, 0.1),
    "distance": (0.2, 0.2, 0.3, 0.2, 0.3, 0.3, 0.2, 0.2, 0.3, 0.2),
    "departure_minute": (0.2, 0.1, 0.2, 0.2, 0.2, 0.3, 0.2, 0.2, 0.3, 0.2),
}
SERVED = (
    {"1": 6000},
    {"1": 6000},
    {"1": 1800, "2": 4200},
    {"2": 3600, "3": 2400},
    {"3": 6000},
    {"3": 6000},
    {"3": 2200, "5": 3800},
    {"5": 6000},
    {"5": 3100, "7": 2900},
    {"7": 6000},
)


def day(month: int, number: int) -> datetime:
    return datetime(2013, month, number, 6, tzinfo=UTC)


def month(index: int) -> Month:
    number = index + 3
    since = datetime(2013, number, 1, tzinfo=UTC)
    until = datetime(2013 + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    labels = 5870 - 37 * (index % 4)
    wide = 1.1 / math.sqrt(labels)
    shares = [name for name, ratios in DRIFT.items() if ratios[index] >= 1]

    def measured(auc: float) -> dict[str, Interval]:
        loss = 0.52 - 0.6 * (auc - 0.7) + (RATES[index] - 0.22)
        return {
            "roc_auc": Interval(auc, auc - wide, auc + wide),
            "log_loss": Interval(loss, loss - wide, loss + wide),
        }

    return Month(
        label=f"{since:%b}",
        since=since,
        until=until,
        apart=number >= 7,
        rows=6000,
        labels=labels,
        base_rate=RATES[index],
        champion=measured(RETRAINED[index]),
        first=measured(NEVER[index]),
        drift_share=len(shares) / len(DRIFT),
        drift={name: ratios[index] for name, ratios in DRIFT.items()},
        drifted=len(shares) / len(DRIFT) >= 0.3,
        performance="worse" if index in (1, 5, 7) else "ok",
        report=f"monitoring/2013-{number:02}.html",
        traffic=SERVED[index],
        context={"rain, mm an hour": RAIN[index], "gusts, miles an hour": GUSTS[index]},
    )


def versions() -> tuple[VersionSpan, ...]:
    def one(version, until, served, shadow, outcome, **figures):
        run_id = f"{int(version) * 0x3F9A1C7E5B2D84F60A17C3E9D5B:032x}"[-32:]
        return VersionSpan(version, run_id, until, *served, *shadow, outcome, figures)

    none = (None, None)
    return (
        one("1", day(3, 1), (day(3, 1), day(5, 10)), none, "promoted", holdout_log_loss=0.487),
        one("2", day(5, 1), (day(5, 10), day(6, 19)), (day(5, 1), day(5, 10)), "promoted"),
        one("3", day(6, 1), (day(6, 19), day(9, 12)), (day(6, 1), day(6, 19)), "promoted"),
        one("4", day(7, 1), none, (day(7, 1), day(8, 2)), "rejected", live_gain=-0.0007),
        one("5", day(9, 1), (day(9, 12), day(11, 16)), (day(9, 1), day(9, 12)), "promoted"),
        one("6", day(10, 1), none, none, "refused", holdout_log_loss=0.431),
        one("7", day(11, 1), (day(11, 16), None), (day(11, 1), day(11, 16)), "champion"),
    )


def decisions() -> tuple[Decision, ...]:
    def made(time: datetime, kind: str, sentence: str, **figures: object) -> Decision:
        return Decision(time, kind, sentence, figures, "loop")

    return (
        made(day(3, 1), "promote", "v1 is the first model; it beats the baseline.", log_loss=0.487),
        made(day(5, 1), "retrain", "6 of 14 columns drifted.", share=0.43, threshold=0.3),
        made(day(5, 1), "challenge", "v2 passed the gate.", difference=-0.0062, margin=0.005),
        made(
            day(5, 10),
            "promote",
            "v2 predicts better than v1 on the same flights.",
            difference=-0.0114,
            low=-0.0171,
            high=-0.0057,
            pairs=1764,
        ),
        made(day(6, 1), "retrain", "7 of 14 columns drifted.", share=0.5, threshold=0.3),
        made(day(6, 19), "promote", "v3 predicts better than v2 on the same flights.", pairs=3540),
        made(day(7, 1), "retrain", "8 of 14 columns drifted.", share=0.57, threshold=0.3),
        made(
            day(8, 2),
            "reject",
            "v4 was not better than v3 after 6,200 labelled flights: its advantage of 0.0007 lies"
            " within the interval.",
            difference=-0.0007,
            pairs=6200,
        ),
        made(day(9, 1), "retrain", "AUC fell from 0.752 to 0.698.", margin=0.01),
        made(day(9, 12), "promote", "v5 predicts better than v3 on the same flights.", pairs=2160),
        made(day(10, 1), "refuse", "The gate refused v6: worse than v5 by 0.008.", margin=0.005),
        made(day(11, 1), "retrain", "5 of 14 columns drifted.", share=0.36, threshold=0.3),
        made(day(11, 16), "promote", "v7 predicts better than v5 on the same flights.", pairs=2890),
    )


def story(**changes: object) -> Story:
    whole = Story(
        title="New York flights, March to December 2013, replayed",
        metric="roc_auc",
        months=tuple(month(index) for index in range(10)),
        versions=versions(),
        decisions=decisions(),
        settings_note="Every setting in config/project.yaml was fixed on March to June.",
        rows_per_month=6000,
        apart_from=datetime(2013, 7, 1, tzinfo=UTC),
        row_noun="flights",
        base_rate_label="late flights",
    )
    return replace(whole, **changes)


class Reader(HTMLParser):
    """What a browser would have to repair, and what it would show."""

    VOID = {"meta", "link", "br", "hr", "img", "input"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.shown = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> says {names}"
        self.tags.add(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.shown += data


def test_the_page_is_well_formed_and_needs_nothing_but_itself(tmp_path):
    path = tmp_path / "reports" / "page.html"
    page.render(story(), path)
    text = path.read_text(encoding="utf-8")
    reader = Reader(text)
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    assert not reader.tags & {"script", "link", "img", "iframe"}
    assert reader.links == [one.report for one in story().months]
    assert "@import" not in text and not re.search(r"url\((?!#)", text)
    assert re.search(r"nan|inf\b|None", re.sub(r"<style>.*?</style>", "", text, flags=re.S)) is None
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]


def test_the_page_names_every_decision_version_run_month_and_column():
    shown = Reader(page.html(story())).shown
    for decision in story().decisions:
        assert decision.sentence in shown
    for span in story().versions:
        assert span.run_id in shown and panels.named(span.version) in shown
    for one in story().months:
        assert page.span(one.champion["roc_auc"]) in shown
    for column in DRIFT:
        assert column in shown
    assert "make ui" in shown and story().settings_note in shown


def test_what_the_story_says_is_text_and_never_markup():
    evil = "<script>alert('x')</script>"
    told = Decision(day(3, 1), f'promote" onclick="{evil}', evil, {evil: evil}, evil)
    months = (replace(month(0), label=evil, drift={evil: 2.0}, traffic={evil: 9}),)
    text = page.html(story(title=evil, decisions=(told,), months=months, settings_note=evil))
    reader = Reader(text)
    assert "script" not in reader.tags and "onclick" not in reader.ids
    assert evil in reader.shown


def test_a_page_that_cannot_be_written_leaves_no_rest(tmp_path):
    path = tmp_path / "page.html"
    path.mkdir()
    with pytest.raises(OSError):
        page.render(story(), path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_year_without_months_still_has_a_page():
    empty = story(months=(), versions=(), decisions=(), apart_from=None)
    assert "Nothing has been measured yet" in Reader(page.html(empty)).shown


def test_a_month_without_labels_is_a_gap_and_not_a_zero():
    gap = replace(month(4), champion={}, first={}, base_rate=None, drift_share=None, drift={})
    told = story(months=tuple(gap if index == 4 else month(index) for index in range(10)))
    champion = metric_panel(told, panels.WIDE).series[1]
    assert len(champion.lines) == 2 and len(champion.dots) == 9
    assert Reader(page.html(told)).open == []
    assert "5 of 5 months" in Reader(page.html(told)).shown


def test_long_month_labels_and_unknown_drift_shares_still_read():
    months = tuple(
        replace(one, label=f"{one.since:%Y-%m}", drift_share=None) for one in story().months
    )
    assert page.under(months[0], panels.WIDE) == "2013-03"
    assert page.under(months[0], panels.NARROW) == "Mar"
    assert "From 2013-07 to 2013-12" in Reader(page.html(story(months=months))).shown


def test_a_single_month_and_a_flat_metric_can_be_drawn():
    flat = {"accuracy": Interval(0.8, 0.8, 0.8)}
    months = (replace(month(0), champion=flat, first=flat),)
    shown = Reader(page.html(story(months=months, metric="accuracy", apart_from=None))).shown
    assert "was level with the first model" in shown and "No month was held apart" in shown


def test_the_headline_is_about_the_months_held_apart():
    said = page.headline(story())
    assert (said["since"], said["until"], said["ahead"], said["compared"]) == ("Jul", "Dec", 6, 6)
    assert said["champion"] == pytest.approx(sum(RETRAINED[4:]) / 6)
    assert said["first"] == pytest.approx(sum(NEVER[4:]) / 6)
    assert "by 0.061 AUC" in Reader(page.html(story())).shown


def test_a_loop_that_made_it_worse_is_said_to_have_made_it_worse():
    swapped = tuple(replace(one, champion=one.first, first=one.champion) for one in story().months)
    assert "was behind the first model" in Reader(page.html(story(months=swapped))).shown
    losses = story(metric="log_loss", greater_is_better=False)
    assert losses.months_ahead(apart=True) == 6
    assert "was ahead of the first model" in Reader(page.html(losses)).shown


def test_a_regression_is_told_in_the_units_of_its_target():
    def minutes(value: float) -> dict[str, Interval]:
        return {"rmse": Interval(value, value - 4, value + 4)}

    months = tuple(
        replace(one, champion=minutes(40.5), first=minutes(43.25), base_rate=None)
        for one in story().months
    )
    told = story(months=months, metric="rmse", greater_is_better=False, unit="minutes")
    shown = Reader(page.html(told)).shown
    assert "ahead of the first model, never retrained, by 2.750 minutes of RMSE." in shown
    assert "RMSE in minutes, month by month" in shown
    assert "40.50 [36.50, 44.50]" in shown
    assert story().base_rate_label not in shown


def test_a_story_survives_json():
    told = story()
    assert Story.from_json(json.loads(json.dumps(told.to_json()))) == told


def test_the_sums_of_a_story_are_those_of_its_parts():
    told = story()
    assert (told.retrainings, told.promotions, told.ended("rejected")) == (6, 4, 1)
    assert (told.ended("refused"), told.drifts, told.predictions) == (1, 5, 60_000)
    assert told.labels == sum(one.labels for one in told.months)
    assert told.mean_champion(apart=False) == pytest.approx(sum(RETRAINED[:4]) / 4)
    assert told.mean_first(apart=False) == pytest.approx(sum(NEVER[:4]) / 4)
    assert story(months=()).mean_first(apart=True) is None


@pytest.mark.parametrize("layout", [panels.WIDE, panels.NARROW], ids=lambda one: one.name)
def test_a_drawing_is_to_scale_and_inside_its_frame(layout):
    panel = metric_panel(story(), layout)
    assert (panel.scale.low, panel.scale.high) == (0.5, 0.8)
    assert panel.chance == layout.plot
    for x, y, _ in panel.series[0].dots + panel.series[1].dots:
        assert layout.left < x < layout.width - layout.right and 0 <= y <= layout.plot
    _, june, _ = panel.series[1].dots[3]
    assert june == pytest.approx(layout.plot * (0.8 - 0.755) / 0.3)
    ends = [series.end[0] for series in panel.series]
    assert abs(ends[0] - ends[1]) >= 16


def test_marks_stand_at_the_time_of_promotion_and_rejection():
    axis = panels.WIDE.axis(story())
    found = [(mark.version, mark.kind) for mark in panels.marks(story(), axis)]
    assert found == [
        ("2", "promoted"),
        ("3", "promoted"),
        ("4", "rejected"),
        ("5", "promoted"),
        ("6", "refused"),
        ("7", "promoted"),
    ]
    assert panels.marks(story(), axis)[0].x == pytest.approx(axis.at(day(5, 10)))


def test_a_version_that_was_rolled_back_has_one_lane_with_all_it_did():
    first, second = versions()[:2]
    back = replace(second, outcome="rolled back")
    again = replace(first, served_from=second.served_to, served_to=None)
    told = story(versions=(first, back, again))
    lanes = panels.strip(told, panels.WIDE)
    assert [(lane.version, len(lane.bars)) for lane in lanes] == [("1", 2), ("2", 2)]
    assert lanes[1].mark is not None and lanes[1].mark.kind == "rolled back"
    assert (told.promotions, told.retrainings, told.ended("rolled back")) == (1, 1, 1)
    assert "1 rolled back" in Reader(page.html(told)).shown


def test_traffic_is_stacked_from_zero_in_proportion():
    bars = panels.traffic(story(), panels.WIDE, height=60)
    may = [bar for bar in bars if bar.title.startswith("May")]
    assert [bar.height for bar in may] == pytest.approx([18, 42])
    assert [bar.y for bar in may] == pytest.approx([42, 0])


def test_a_heat_map_keeps_what_drifted_most_and_says_what_it_leaves_out():
    many = {f"column_{index:02}": index / 10 for index in range(20)}
    told = story(months=(replace(month(0), drift=many),))
    shown = [column for column, _ in panels.heat_map(told, panels.WIDE)]
    assert shown == [f"column_{index:02}" for index in range(19, 3, -1)]
    assert "4 columns that drifted less are not shown" in Reader(page.html(told)).shown
    assert [panels.level(ratio) for ratio in (0.49, 0.5, 0.99, 1.0, 1.5, 2.5)] == [0, 1, 1, 2, 3, 4]


def test_a_moment_lies_in_proportion_inside_its_month():
    bounds = tuple((one.since, one.until) for one in story().months)
    axis = chart.Axis(bounds, 100, 1100)
    assert axis.at(bounds[0][0]) == 100 and axis.at(bounds[0][0] - timedelta(days=9)) == 100
    assert axis.at(bounds[1][0] + timedelta(days=15)) == pytest.approx(250)
    assert axis.at(bounds[-1][1]) == 1100
    apart = chart.Axis((bounds[0], bounds[2]), 0, 2)
    assert apart.at(bounds[1][0]) == 1


def test_ticks_are_round_and_enclose_the_values():
    assert chart.ticks(0.52, 0.76) == (0.5, 0.6, 0.7, 0.8)
    assert chart.ticks(0, 9) == (0, 2.5, 5, 7.5, 10)
    assert chart.ticks(3, 3)[0] <= 3 <= chart.ticks(3, 3)[-1]


def test_marks_too_close_take_another_lane_and_labels_another_height():
    assert chart.lanes([0, 10, 20, 50], gap=30) == (0, 1, 2, 0)
    assert chart.spread([5, 4, 40], gap=10) == (14, 4, 40)


def test_paths_break_at_gaps_and_bands_close():
    assert chart.runs([None, (0, 1), (1, 1), None, None, (4, 1)]) == (((0, 1), (1, 1)), ((4, 1),))
    assert chart.line([(0, 1), (2, 3)]) == "M0.0 1.0 L2.0 3.0"
    assert chart.band([(0, 9), (1, 9)], [(0, 2), (1, 2)]) == "M0.0 2.0 L1.0 2.0 L1.0 9.0 L0.0 9.0 Z"


def test_figures_are_worded_for_people():
    told = page.pairs({"log_loss": -0.01234, "pairs": 1764, "wide": 12345.6, "on": True, "x": None})
    assert told == [
        ("log loss", "−0.0123"),
        ("pairs", "1,764"),
        ("wide", "12,346"),
        ("on", "yes"),
        ("x", "–"),
    ]
    assert [page.short(number) for number in (940, 5870, 6000, 12_400)] == [
        "940",
        "5.9k",
        "6k",
        "12k",
    ]
    assert page.count(1, "month") == "1 month" and page.clip("departure_minute", 9) == "departur…"
