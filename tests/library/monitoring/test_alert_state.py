"""One message when trouble begins, one when it is over."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlops_loop.clock import ManualClock
from mlops_loop.monitoring import Finding, MonitoringReport, Window
from mlops_loop.monitoring.alert_state import AlertTracker

START = datetime(2024, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
REPORT = "var/reports/monitor.html"


class Watch:
    """Alarms read anew from their file for each run, as a command does."""

    def __init__(self, file: Path) -> None:
        self.file, self.clock, self.heard = file, ManualClock(START), list[str]()

    def see(self, told: dict[str, str], *findings: Finding, **answers: Any) -> list[str]:
        """What is told of a verdict."""
        self.heard.clear()
        calm = {
            "window": Window(START - DAY, START, 100, 100),
            "drift": False,
            "quality": False,
            "performance": "ok",
            "drift_scores": {"price": 0.0},
        }
        found = MonitoringReport(**{**calm, "findings": findings, "report": REPORT, **answers})
        active_alerts = AlertTracker(
            self.file, self.heard.append, self.clock, lambda report: f"https://example.org/{report}"
        )
        active_alerts.update(found, told)
        self.clock.advance(DAY)
        return self.heard


def missing(column: str) -> Finding:
    return Finding("quality", column, "missing_share", 0.5, 0.2, "warning")


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path / "open.json")


def test_the_same_finding_is_one_message_until_it_is_over(watch: Watch) -> None:
    told = {"quality": "price is missing in 50 % of the rows"}
    first = f"price is missing in 50 % of the rows\nhttps://example.org/{REPORT}"
    assert watch.see(told, missing("price"), quality=True) == [first]
    louder = {"quality": "price is missing in 60 % of the rows"}
    assert watch.see(louder, missing("price"), quality=True) == []
    over = f"over (it began 2024-03-01 00:00): {louder['quality']}\nhttps://example.org/{REPORT}"
    assert watch.see({}) == [over]
    assert watch.see({}) == []
    assert watch.see(told, missing("price"), quality=True) == [first]


def test_a_column_that_joins_is_told_and_one_that_flickers_is_not(watch: Watch) -> None:
    told = {"quality": "told"}
    assert len(watch.see(told, missing("price"), quality=True)) == 1
    assert len(watch.see(told, missing("price"), missing("size"), quality=True)) == 1
    assert watch.see(told, missing("size"), quality=True) == []
    assert watch.see(told, missing("price"), quality=True) == []


def test_each_question_has_an_alarm_of_its_own(watch: Watch) -> None:
    worse = Finding("performance", None, "log_loss", 0.5, 0.4, "critical")
    told = {"quality": "bad data", "performance": "worse"}
    heard = watch.see(told, missing("price"), worse, quality=True, performance="worse")
    assert len(heard) == 2
    assert watch.see({"performance": "worse"}, worse, performance="worse")[0].startswith("over")


@pytest.mark.parametrize(
    ("kind", "trouble", "unknown"),
    [
        ("performance", {"performance": "worse"}, {"performance": "unknown"}),
        ("drift", {"drift": True}, {"drift_scores": {}}),
        ("quality", {"quality": True}, {"window": Window(START - DAY, START, 0, 0)}),
    ],
)
def test_what_could_not_be_asked_ends_no_alarm(
    kind: str, trouble: dict[str, Any], unknown: dict[str, Any], tmp_path: Path
) -> None:
    watch = Watch(tmp_path / "open.json")
    assert len(watch.see({kind: "trouble"}, **trouble)) == 1
    assert watch.see({}, **unknown) == []
    assert len(watch.see({})) == 1


def test_a_file_that_was_cut_off_is_begun_anew(watch: Watch) -> None:
    watch.file.write_text('{"drift": {"since"')
    assert len(watch.see({"drift": "drift in a"}, drift=True)) == 1
