"""What the page of a replayed year draws is to scale, in its place and legible."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mlops_loop._loop_replay.report import chart_geometry as chart_geometry
from mlops_loop._loop_replay.report import report_charts as report_charts
from mlops_loop._loop_replay.report import report_html as report_html
from mlops_loop._loop_replay.report.metric_chart import metric_panel
from mlops_loop.evaluation._formatting import three_digits

from .reader import Reader
from .year import day, month, report, versions


@pytest.mark.parametrize(
    "layout", [report_charts.WIDE, report_charts.NARROW], ids=lambda one: one.name
)
def test_a_drawing_is_to_scale_and_inside_its_frame(layout):
    panel = metric_panel(report(), layout)
    assert (panel.scale.low, panel.scale.high) == (0.5, 0.8)
    assert panel.chance == layout.plot
    for x, y, _ in panel.series[0].dots + panel.series[1].dots:
        assert layout.left < x < layout.width - layout.right and 0 <= y <= layout.plot
    _, june, _ = panel.series[1].dots[3]
    assert june == pytest.approx(layout.plot * (0.8 - 0.755) / 0.3)
    ends = [series.end[0] for series in panel.series]
    assert abs(ends[0] - ends[1]) >= 16


def test_marks_stand_at_the_time_of_promotion_and_rejection():
    axis = report_charts.WIDE.axis(report())
    found = [(mark.version, mark.kind) for mark in report_charts.marks(report(), axis)]
    assert found == [
        ("2", "promoted"),
        ("3", "promoted"),
        ("4", "rejected"),
        ("5", "promoted"),
        ("6", "rejected at gate"),
        ("7", "promoted"),
    ]
    assert report_charts.marks(report(), axis)[0].x == pytest.approx(axis.at(day(5, 10)))


def test_a_version_that_was_rolled_back_has_one_lane_with_all_it_did():
    first, second = versions()[:2]
    back = replace(second, outcome="rolled back")
    again = replace(first, served_from=second.served_to, served_to=None)
    told = report(versions=(first, back, again))
    lanes = report_charts.strip(told, report_charts.WIDE)
    assert [(lane.version, len(lane.bars)) for lane in lanes] == [("1", 2), ("2", 2)]
    assert lanes[1].mark is not None and lanes[1].mark.kind == "rolled back"
    assert (told.promotions, told.retrainings, told.ended("rolled back")) == (1, 1, 1)
    assert "1 rolled back" in Reader(report_html.html(told)).shown


def test_traffic_is_stacked_from_zero_in_proportion():
    bars = report_charts.traffic(report(), report_charts.WIDE, height=60)
    may = [bar for bar in bars if bar.title.startswith("May")]
    assert [bar.height for bar in may] == pytest.approx([18, 42])
    assert [bar.y for bar in may] == pytest.approx([42, 0])


def test_a_heat_map_keeps_what_drifted_most_and_says_what_it_leaves_out():
    many = {f"column_{index:02}": index / 10 for index in range(20)}
    told = report(months=(replace(month(0), drift=many),))
    shown = [column for column, _ in report_charts.heat_map(told, report_charts.WIDE)]
    assert shown == [f"column_{index:02}" for index in range(19, 3, -1)]
    assert "4 columns that drifted less are not shown" in Reader(report_html.html(told)).shown
    assert [report_charts.level(ratio) for ratio in (0.49, 0.5, 0.99, 1.0, 1.5, 2.5)] == [
        0,
        1,
        1,
        2,
        3,
        4,
    ]


def test_a_moment_lies_in_proportion_inside_its_month():
    bounds = tuple((one.since, one.until) for one in report().months)
    axis = chart_geometry.Axis(bounds, 100, 1100)
    assert axis.at(bounds[0][0]) == 100 and axis.at(bounds[0][0] - timedelta(days=9)) == 100
    assert axis.at(bounds[1][0] + timedelta(days=15)) == pytest.approx(250)
    assert axis.at(bounds[-1][1]) == 1100
    distant = chart_geometry.Axis((bounds[0], bounds[2]), 0, 2)
    assert distant.at(bounds[1][0]) == 1


def test_ticks_are_round_and_enclose_the_values():
    assert chart_geometry.ticks(0.52, 0.76) == (0.5, 0.6, 0.7, 0.8)
    assert chart_geometry.ticks(0, 9) == (0, 2.5, 5, 7.5, 10)
    assert chart_geometry.ticks(3, 3)[0] <= 3 <= chart_geometry.ticks(3, 3)[-1]


def test_marks_too_close_take_another_lane_and_labels_another_height():
    assert chart_geometry.lanes([0, 10, 20, 50], gap=30) == (0, 1, 2, 0)
    assert chart_geometry.spread([5, 4, 40], gap=10) == (14, 4, 40)


def test_paths_break_at_gaps_and_bands_close():
    assert chart_geometry.runs([None, (0, 1), (1, 1), None, None, (4, 1)]) == (
        ((0, 1), (1, 1)),
        ((4, 1),),
    )
    assert chart_geometry.line([(0, 1), (2, 3)]) == "M0.0 1.0 L2.0 3.0"
    assert (
        chart_geometry.band([(0, 9), (1, 9)], [(0, 2), (1, 2)])
        == "M0.0 2.0 L1.0 2.0 L1.0 9.0 L0.0 9.0 Z"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(1021.4, "1,021"), (999.7, "1,000"), (-1234567.0, "-1,234,567"), (0.42184, "0.422"), (0, "0")],
)
def test_numbers_have_three_digits_and_no_exponent(value: float, text: str) -> None:
    assert three_digits(value) == text
