"""Your checks, and what is done about their findings."""

import pytest
from mlops_loop import Project
from mlops_loop.monitoring import Finding, Incident, monitor_project
from mlops_loop.testing import TrainedProject, application_client

from {{ cookiecutter.package_name }}.app import app, service
from {{ cookiecutter.package_name }}.monitoring import (
    MONITORING,
    alert_if_critical,
    check_constant_predictions,
)

# The first import of Evidently warns of what its dependencies use.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::PendingDeprecationWarning", "ignore::SyntaxWarning"
)


def test_every_check_runs_on_what_the_service_has_logged(
    project: Project, trained: TrainedProject
) -> None:
    with application_client(app, service, project) as client:
        client.post("/predict", json=trained.rows[-50:])
    report = monitor_project(project, checks=MONITORING.checks)
    assert report.window.rows > 0
    assert report.statuses["check"] == "ok", "\n".join(report.messages())
    assert "predictions" not in report.statuses, "the predictions of the source are not constant"


def test_constant_predictions_are_critical(project: Project, trained: TrainedProject) -> None:
    with application_client(app, service, project) as client:
        client.post("/predict", json=trained.rows[-1:] * 50)
    report = monitor_project(project, checks=[check_constant_predictions])
    assert [finding.severity for finding in report.findings] == ["critical"]
    incident = Incident("predictions", "all the same", report.findings, report)
    assert alert_if_critical(incident) == "alert"


def test_what_is_not_critical_alerts_nobody(project: Project) -> None:
    finding = Finding("predictions", "nearly all the same")
    report = monitor_project(project, checks=[])
    assert alert_if_critical(Incident("predictions", finding.text, (finding,), report)) == "advise"
