"""Advice names what the project's actions do, so that it does not contradict the loop."""

from datetime import UTC, datetime, timedelta

import pytest

from mlops_loop._settings import Actions
from mlops_loop.monitoring import Finding, Incident, MonitoringReport, Window
from mlops_loop.monitoring._advice import advise
from mlops_loop.monitoring._findings import Status

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = Window(UNTIL - timedelta(days=7), UNTIL, 100, 100)


def report(*findings: Finding, performance: Status = "ok") -> MonitoringReport:
    statuses: dict[str, Status] = {finding.kind: "failed" for finding in findings}
    return MonitoringReport(WINDOW, {"performance": performance} | statuses, findings)


def open_ticket(incident: Incident) -> None:
    """An action of the project."""


@pytest.mark.parametrize(
    ("kind", "performance", "action", "expected"),
    [
        ("drift", "ok", "retrain", "drift: the loop retrains, unless a trial"),
        ("drift", "ok", "alert", "drift: performance holds, so `train` may wait"),
        ("drift", "unknown", "advise", "drift: consider `train`"),
        ("performance", "failed", "rollback", "performance: the loop rolls back, if"),
        ("quality", "ok", "alert", "quality: check the source of the data"),
    ],
)
def test_advice_follows_the_actions(
    kind: str, performance: Status, action: str, expected: str
) -> None:
    found = report(Finding(kind, "text"), performance=performance)
    actions = Actions(**{kind: action, **({"drift_only": action} if kind == "drift" else {})})
    assert advise(found, actions, {}).startswith(expected)


def test_a_function_of_the_project_is_named() -> None:
    found = report(Finding("volume", "only 12 rows"))
    assert "open_ticket" in advise(found, Actions(), {"volume": open_ticket})


def test_without_findings_there_is_nothing_to_do() -> None:
    assert advise(report(), Actions(), {}) == "nothing to do"
    assert "without labels" in advise(report(performance="unknown"), Actions(), {})
