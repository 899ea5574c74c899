"""The page of a replayed year: the whole report, well formed, escaped, in words for people."""

import re
from dataclasses import replace

import pytest

from mlops_loop._loop_replay.report import report_charts as report_charts
from mlops_loop._loop_replay.report import report_html as report_html
from mlops_loop._loop_replay.report.metric_chart import metric_panel
from mlops_loop._loop_replay.report.report import Decision
from mlops_loop.evaluation._interval import Interval

from .reader import Reader
from .year import DRIFT, NEVER, RETRAINED, day, month, report


def test_the_page_is_well_formed_and_needs_nothing_but_itself(tmp_path):
    path = tmp_path / "reports" / "page.html"
    report_html.render(report(), path)
    text = path.read_text(encoding="utf-8")
    reader = Reader(text)
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    assert not reader.tags & {"script", "link", "img", "iframe"}
    assert reader.links == [one.report for one in report().months]
    assert "@import" not in text and not re.search(r"url\((?!#)", text)
    assert re.search(r"nan|inf\b|None", re.sub(r"<style>.*?</style>", "", text, flags=re.S)) is None
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]


def test_the_page_names_every_decision_version_run_month_and_column():
    shown = Reader(report_html.html(report())).shown
    for decision in report().decisions:
        assert decision.summary in shown
    for span in report().versions:
        assert span.run_id in shown and report_charts.named(span.version) in shown
    for one in report().months:
        assert report_html.span(one.champion["roc_auc"]) in shown
    for column in DRIFT:
        assert column in shown
    assert "make ui" in shown and report().settings_note in shown


def test_what_the_report_says_is_text_and_never_markup():
    evil = "<script>alert('x')</script>"
    told = Decision(day(3, 1), f'promote" onclick="{evil}', evil, {evil: evil}, evil)
    months = (replace(month(0), label=evil, drift={evil: 2.0}, traffic={evil: 9}),)
    text = report_html.html(
        report(title=evil, decisions=(told,), months=months, settings_note=evil)
    )
    reader = Reader(text)
    assert "script" not in reader.tags and "onclick" not in reader.ids
    assert evil in reader.shown
    assert "default-src 'none'; style-src 'unsafe-inline'" in text


def test_a_page_that_cannot_be_written_leaves_no_rest(tmp_path):
    path = tmp_path / "page.html"
    path.mkdir()
    with pytest.raises(OSError):
        report_html.render(report(), path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_year_without_months_still_has_a_page():
    empty = report(months=(), versions=(), decisions=(), held_out_from=None)
    assert "Nothing has been measured yet" in Reader(report_html.html(empty)).shown


def test_a_month_without_labels_is_a_gap_and_not_a_zero():
    gap = replace(month(4), champion={}, first={}, base_rate=None, drift={})
    told = report(months=tuple(gap if index == 4 else month(index) for index in range(10)))
    champion = metric_panel(told, report_charts.WIDE).series[1]
    assert len(champion.lines) == 2 and len(champion.dots) == 9
    assert Reader(report_html.html(told)).open == []
    assert "5 of 5 months" in Reader(report_html.html(told)).shown


def test_long_month_labels_still_read():
    months = tuple(replace(one, label=f"{one.since:%Y-%m}") for one in report().months)
    assert report_html.axis_label(months[0], report_charts.WIDE) == "2013-03"
    assert report_html.axis_label(months[0], report_charts.NARROW) == "Mar"
    assert "From 2013-07 to 2013-12" in Reader(report_html.html(report(months=months))).shown


def test_a_single_month_and_a_flat_metric_can_be_drawn():
    flat = {"accuracy": Interval(0.8, 0.8, 0.8)}
    months = (replace(month(0), champion=flat, first=flat),)
    shown = Reader(
        report_html.html(report(months=months, metric="accuracy", held_out_from=None))
    ).shown
    assert "was level with the first model" in shown and "No month was held out" in shown


def test_the_headline_is_about_the_months_held_apart():
    said = report_html.headline(report())
    assert (said["since"], said["until"], said["ahead"], said["compared"]) == ("Jul", "Dec", 6, 6)
    assert said["champion"] == pytest.approx(sum(RETRAINED[4:]) / 6)
    assert said["first"] == pytest.approx(sum(NEVER[4:]) / 6)
    assert "by 0.061 AUC" in Reader(report_html.html(report())).shown


def test_a_loop_that_made_it_worse_is_said_to_have_made_it_worse():
    swapped = tuple(replace(one, champion=one.first, first=one.champion) for one in report().months)
    assert "was behind the first model" in Reader(report_html.html(report(months=swapped))).shown
    losses = report(metric="log_loss", greater_is_better=False)
    assert losses.months_ahead(held_out=True) == 6
    assert "was ahead of the first model" in Reader(report_html.html(losses)).shown


def test_a_regression_is_told_in_the_units_of_its_target():
    def minutes(value: float) -> dict[str, Interval]:
        return {"rmse": Interval(value, value - 4, value + 4)}

    months = tuple(
        replace(one, champion=minutes(40.5), first=minutes(43.25), base_rate=None)
        for one in report().months
    )
    told = report(months=months, metric="rmse", greater_is_better=False, unit="minutes")
    shown = Reader(report_html.html(told)).shown
    assert "ahead of the first model, never retrained, by 2.750 minutes of RMSE." in shown
    assert "RMSE in minutes, month by month" in shown
    assert "40.50 [36.50, 44.50]" in shown
    assert "base rate" not in shown


def test_figures_are_worded_for_people():
    told = report_html.pairs(
        {"log_loss": -0.01234, "pairs": 1764, "wide": 12345.6, "on": True, "x": None}
    )
    assert told == [
        ("log loss", "−0.0123"),
        ("pairs", "1,764"),
        ("wide", "12,346"),
        ("on", "yes"),
        ("x", "–"),
    ]
    assert [report_html.short(number) for number in (940, 5870, 6000, 12_400)] == [
        "940",
        "5.9k",
        "6k",
        "12k",
    ]
    assert (
        report_html.count(1, "month") == "1 month"
        and report_html.clip("departure_minute", 9) == "departur…"
    )


def test_the_sums_of_a_report_are_those_of_its_parts():
    told = report()
    assert (told.retrainings, told.promotions, told.ended("rejected")) == (6, 4, 1)
    assert (told.ended("rejected at gate"), told.drifts, told.predictions) == (1, 5, 60_000)
    shown = " ".join(Reader(report_html.html(told)).shown.split())
    assert "4 promoted, 1 rejected, 1 rejected at gate" in shown
    assert told.labels == sum(one.labels for one in told.months)
    assert told.mean_champion(held_out=False) == pytest.approx(sum(RETRAINED[:4]) / 4)
    assert told.mean_first(held_out=False) == pytest.approx(sum(NEVER[:4]) / 4)
    assert report(months=()).mean_first(held_out=True) is None


def test_an_unknown_outcome_is_an_error_and_not_a_count_of_zero():
    with pytest.raises(ValueError, match="unknown outcome 'refused'.*'rejected at gate'"):
        report().ended("refused")


@pytest.mark.parametrize("kind", ["reject", "rejected", "rejected-at-gate", "gate_rejected"])
def test_every_kind_of_rejection_is_drawn_in_red(kind):
    text = report_html.html(report())
    (selectors,) = re.findall(r"^(.kind\[.*) \{ color: var\(--bad\)", text, flags=re.M)
    assert any(part in f"k-{kind}" for part in re.findall(r'class\*="([^"]+)"', selectors))
