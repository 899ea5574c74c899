"""When drifted columns are an alarm."""

import numpy as np
import pytest

from mlops_loop.monitoring._column_comparison import ColumnComparison
from mlops_loop.monitoring._drift_alarm import DriftAlarm

NAMES = tuple("abcdefghij")


def columns(**shifts: float) -> list[ColumnComparison]:
    random = np.random.default_rng(0)
    return [
        ColumnComparison(
            name,
            random.normal(size=2_000),
            random.normal(shifts.get(name, 0.0), size=2_000),
            True,
            0.1,
            0.001,
        )
        for name in NAMES
    ]


def reasons(alarm: DriftAlarm) -> set[str]:
    return {finding.statistic for finding in alarm.reasons()}


def test_one_of_ten_columns_that_moves_a_little_is_no_alarm_and_the_note_says_why() -> None:
    alarm = DriftAlarm.of(columns(a=0.3), 0.3, {})
    assert reasons(alarm) == set()
    assert alarm.absence() == (
        "no drift alarm: 10% of the columns drifted (limit 30%), none moved by more than 3 "
        "thresholds or has 20% of the importance"
    )


@pytest.mark.parametrize(
    ("shifts", "importances", "expected", "text"),
    [
        ({"a": 5.0}, {}, {"largest_drift"}, "a moved by up to"),
        ({"a": 0.3}, {"a": 0.4, "b": 1.2}, {"important_drift"}, "a drifted, important for the"),
        ({"a": 0.3, "b": 0.3, "c": 0.3}, {}, {"drifted_share"}, "30% of the columns drifted"),
        (
            {"a": 0.3, "b": 0.3},
            {name: 1.0 for name in NAMES} | {"a": 2.0, "b": 2.0},
            {"drifted_share"},
            "2 columns with 33% of the importance drifted",
        ),
    ],
)
def test_the_reason_of_an_alarm_is_named(
    shifts: dict[str, float], importances: dict[str, float], expected: set[str], text: str
) -> None:
    alarm = DriftAlarm.of(columns(**shifts), 0.3, importances)
    assert reasons(alarm) == expected
    assert all(finding.severity == "critical" for finding in alarm.reasons())
    assert alarm.reasons()[0].text.startswith(text)


def test_columns_of_no_importance_do_not_make_a_window_drift() -> None:
    shifts = {name: 0.3 for name in NAMES[1:]}
    assert reasons(DriftAlarm.of(columns(**shifts), 0.3, {"a": 1.0})) == set()


def test_the_chance_of_a_false_alarm_is_bounded() -> None:
    alarm = DriftAlarm.of(columns(), 0.3, {"a": 1.0})
    # The share by Markov's inequality, one important column, and ten that may move far.
    assert alarm.by_chance == pytest.approx(0.001 * (1 / 0.3 + 1 + 10 / 27))
