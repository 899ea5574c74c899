"""One message when trouble begins, one when it is over."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlops_loop._clock import ManualClock
from mlops_loop.monitoring import Finding, MonitoringReport, Window
from mlops_loop.monitoring._alert_state import AlertTracker
from mlops_loop.monitoring._findings import Status

START = datetime(2024, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
REPORT = "var/reports/monitor.html"
CALM: dict[str, Status] = dict.fromkeys(("check", "drift", "quality", "performance"), "ok")


class Watch:
    """A tracker that reads its file anew for each run, as a command does."""

    def __init__(self, file: Path) -> None:
        self.file, self.clock, self.sent = file, ManualClock(START), list[str]()

    def see(
        self,
        messages: dict[str, str],
        *findings: Finding,
        statuses: dict[str, Status] | None = None,
        sampled: int = 100,
    ) -> list[str]:
        """What is sent about a report."""
        self.sent.clear()
        failed: dict[str, Status] = {kind: "failed" for kind in messages}
        report = MonitoringReport(
            Window(START - DAY, START, 100, sampled),
            CALM | failed | (statuses or {}),
            findings,
            REPORT,
        )
        tracker = AlertTracker(
            self.file, self.sent.append, self.clock, lambda report: f"https://example.org/{report}"
        )
        tracker.update(report, messages)
        self.clock.advance(DAY)
        return self.sent


def missing(column: str) -> Finding:
    return Finding("quality", f"{column} is missing", column=column, statistic="missing_share")


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path / "open.json")


def test_the_same_finding_is_one_message_until_it_is_over(watch: Watch) -> None:
    messages = {"quality": "price is missing in 50 % of the rows"}
    first = f"price is missing in 50 % of the rows\nhttps://example.org/{REPORT}"
    assert watch.see(messages, missing("price")) == [first]
    louder = {"quality": "price is missing in 60 % of the rows"}
    assert watch.see(louder, missing("price")) == []
    over = f"over (it began 2024-03-01 00:00): {louder['quality']}\nhttps://example.org/{REPORT}"
    assert watch.see({}) == [over]
    assert watch.see({}) == []
    assert watch.see(messages, missing("price")) == [first]


def test_a_column_that_joins_is_messages_and_one_that_flickers_is_not(watch: Watch) -> None:
    messages = {"quality": "messages"}
    assert len(watch.see(messages, missing("price"))) == 1
    assert len(watch.see(messages, missing("price"), missing("size"))) == 1
    assert watch.see(messages, missing("size")) == []
    assert watch.see(messages, missing("price")) == []


def test_each_kind_has_an_alert_of_its_own(watch: Watch) -> None:
    worse = Finding("performance", "performance is worse", "critical", statistic="log_loss")
    messages = {"quality": "bad data", "performance": "worse"}
    sent = watch.see(messages, missing("price"), worse)
    assert len(sent) == 2
    assert watch.see({"performance": "worse"}, worse)[0].startswith("over")


@pytest.mark.parametrize(
    ("kind", "statuses", "sampled"),
    [
        ("performance", {"performance": "unknown"}, 100),
        ("drift", {"drift": "unknown"}, 100),
        ("quality", {"quality": "unknown"}, 0),
        ("predictions", {"check": "failed"}, 100),
        ("predictions", {}, 0),
    ],
)
def test_a_kind_that_could_not_be_checked_ends_no_alert(
    kind: str, statuses: dict[str, Status], sampled: int, watch: Watch
) -> None:
    assert len(watch.see({kind: "text"})) == 1
    assert watch.see({}, statuses=statuses, sampled=sampled) == []
    assert len(watch.see({})) == 1


def test_a_file_that_was_cut_off_is_begun_anew(watch: Watch) -> None:
    watch.file.write_text('{"drift": {"since"')
    assert len(watch.see({"drift": "drift in a"})) == 1
