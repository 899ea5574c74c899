"""A slice of the loop: predict, label, ingest, and one step."""

import pytest
from mlops_loop import Project
from mlops_loop.loop import make_controller
from mlops_loop.monitoring import MonitoringPlan
from mlops_loop.testing import TrainedProject, application_client

from {{ cookiecutter.package_name }}.app import app, service
from {{ cookiecutter.package_name }}.monitoring import MONITORING
from {{ cookiecutter.package_name }}.pipeline import PIPELINE

# The first import of Evidently warns of what its dependencies use.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::PendingDeprecationWarning", "ignore::SyntaxWarning"
)


def test_a_labelled_prediction_joins_the_next_snapshot(
    project: Project, trained: TrainedProject
) -> None:
    other = next(label for label in trained.labels if label != trained.labels[-1])
    with application_client(app, service, project) as client:
        prediction_id = client.post("/predict", json=trained.rows[-1]).json()["prediction_id"]
        label = {"prediction_id": prediction_id, "label": other}
        assert client.post("/labels", json=label).json()["joined"] == 1
    assert PIPELINE.ingest(project).digest != trained.ingested.digest


def test_the_loop_takes_a_step(project: Project, trained: TrainedProject) -> None:
    with application_client(app, service, project) as client:
        client.post("/predict", json=trained.rows[-50:])
    # Your checks without your actions and receivers: tests open no tickets and page nobody.
    plan = MonitoringPlan(checks=MONITORING.checks)
    step = make_controller(project, lambda: PIPELINE, plan).step()
    assert not step.idle
    assert step.monitoring is not None and step.monitoring.window.rows > 0
    assert project.published().champion is not None
