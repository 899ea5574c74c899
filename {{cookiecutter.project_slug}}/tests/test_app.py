"""Your application: the library's routes as promised, and your own."""

import httpx
from mlops_loop.testing import HttpContract, TrainedProject, get_paths

from {{ cookiecutter.package_name }}.app import app


class TestHttpContract(HttpContract):
    """What callers may rely on; override a test where you promise something else."""


def test_requests_without_a_valid_key_are_rejected(client: httpx.Client) -> None:
    headers = {"X-API-Key": "not a key"}
    for path in ("/model", "/metrics", "/openapi.json", "/versions"):
        assert client.get(path, headers=headers).status_code == 401, path
    assert client.post("/predict", json={}, headers=headers).status_code == 401
    for path in ("/health/live", "/health/ready", "/", "/docs"):
        assert client.get(path, headers=headers).status_code == 200, path


def test_no_route_fails(client: httpx.Client) -> None:
    for path in get_paths(app):
        assert client.get(path).status_code < 500, path


def test_the_versions_in_service(client: httpx.Client, trained: TrainedProject) -> None:
    assert client.get("/versions").json() == {"champion": trained.version.version}


def test_the_service_predicts_what_the_model_predicts(
    client: httpx.Client, trained: TrainedProject
) -> None:
    body = client.post("/predict", json=trained.rows[:20]).json()
    hooks = trained.project.hooks
    columns = hooks.prepare({name: values[:20] for name, values in trained.columns.items()})
    expected = hooks.finish(columns, trained.predict(columns))
    assert [prediction["prediction"] for prediction in body] == list(expected.values)
