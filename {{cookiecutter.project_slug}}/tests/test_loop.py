"""A slice of the loop: predict, label, monitor, and what becomes of it."""

import pytest
from mlops_loop import Project
from mlops_loop.data.ingestion import ingest
from mlops_loop.loop.factory import make_controller
from mlops_loop.monitoring import MonitoringPlan, monitor_project
from mlops_loop.testing import TrainedProject, application_client

from {{ cookiecutter.package_name }}.app import app, service
from {{ cookiecutter.package_name }}.monitoring import MONITORING
from {{ cookiecutter.package_name }}.pipeline import PIPELINE

ROWS = 200

# Your checks without your actions and receivers: tests open no tickets and page nobody.
PLAN = MonitoringPlan(checks=MONITORING.checks)


@pytest.fixture
def labelled(project: Project, trained: TrainedProject) -> int:
    """How many rows the service has predicted that have their label: the last ones of the data."""
    with application_client(app, service, project) as client:
        predictions = client.post("/predict", json=trained.rows[-ROWS:]).json()
        ids = [prediction["prediction_id"] for prediction in predictions]
        labels = [
            {"prediction_id": prediction_id, "label": label}
            for prediction_id, label in zip(ids, trained.labels[-ROWS:])
        ]
        report = client.post("/labels", json=labels).json()
    assert report["joined"] == len(ids)
    return len(ids)


def test_labelled_predictions_are_trained_on(
    project: Project, trained: TrainedProject, labelled: int
) -> None:
    source = trained.ingested.snapshot.source
    ingested = ingest(project.settings, project.contract, source=source, log=project.log)
    read = [one.rows + one.duplicates for one in (ingested, trained.ingested)]
    assert read[0] - read[1] == labelled


def test_every_check_runs_on_live_predictions(project: Project, labelled: int) -> None:
    report = monitor_project(project, checks=MONITORING.checks)
    assert 0 < report.window.rows <= labelled
    assert report.statuses["check"] == "ok", report.messages()


def test_the_loop_takes_a_step(project: Project, labelled: int) -> None:
    step = make_controller(project, lambda: PIPELINE, PLAN).step()
    assert not step.idle
    assert step.monitoring is not None and step.monitoring.window.rows > 0
    assert project.published().champion is not None
