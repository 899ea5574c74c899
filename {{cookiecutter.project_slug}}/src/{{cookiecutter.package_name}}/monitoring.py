"""Monitoring: which checks run, what is done about a finding, and who is alerted.

The commands `monitor` and `loop` use MONITORING, at the end. Thresholds, the actions for the
library's checks and the addresses of receivers are values in `config/project.yaml`.
"""

import json
import os
from urllib.request import Request, urlopen

from mlops_loop.monitoring import (
    Action,
    ActionName,
    Alert,
    Check,
    CheckResult,
    Finding,
    Incident,
    MonitoringPlan,
    MonitoringWindow,
    Receiver,
    check_data_quality,
    check_drift,
    check_early_warning,
    check_estimated_performance,
    check_performance,
    run_evidently,
)

from .metrics import METRIC


def check_with_evidently(window: MonitoringWindow) -> CheckResult:
    """Evidently metrics, presets and tests of your choice; every failed test is a finding."""
    from evidently.metrics import EmptyRowsCount, RowCount
    from evidently.tests import eq, gte

    metrics = [RowCount(tests=[gte(1)]), EmptyRowsCount(tests=[eq(0)])]
    return run_evidently(window, metrics, kind="evidently")


def check_constant_predictions(window: MonitoringWindow) -> list[Finding]:
    """A check of your own: does the model give nearly all rows the same score?"""
    scores = window.current.filter(regex="^(probability_|prediction$)").dropna()
    share = scores.value_counts(normalize=True).max()  # NaN without rows
    if share > 0.99:
        text = f"{share:.1%} of the predictions are the same"
        return [Finding("predictions", text, severity="critical")]
    return []


def alert_if_critical(incident: Incident) -> ActionName:
    """An action of your own. It may do anything, e.g. open a ticket.

    The action that it returns is carried out as well; return None for no further action.
    """
    critical = any(finding.severity == "critical" for finding in incident.findings)
    return "alert" if critical else "advise"


def page_on_call(alert: Alert) -> None:
    """A receiver of your own. An alert is sent again later if this raises an exception."""
    if url := os.environ.get("PAGER_URL"):
        body = json.dumps({"summary": alert.title}).encode()
        urlopen(Request(url, body, {"Content-Type": "application/json"}), timeout=5).close()


CHECKS: list[Check] = [
    check_performance,
    check_drift,
    check_data_quality,
    check_early_warning,
    check_estimated_performance,
    check_with_evidently,
    check_constant_predictions,
]

# By kind of finding: advise, alert, retrain, rollback or a function. Drift, performance and
# quality follow `actions` in the settings unless they are named here; other kinds alert.
ACTIONS: dict[str, Action] = {"evidently": "advise", "predictions": alert_if_critical}

# Besides the log and the addresses of `alerts` in the settings: a file, a JSON webhook, and
# Apprise URLs for mail, Slack, Teams and a hundred more.
RECEIVERS: list[Receiver] = [page_on_call]

MONITORING = MonitoringPlan(checks=CHECKS, actions=ACTIONS, receivers=RECEIVERS, metric=METRIC)
