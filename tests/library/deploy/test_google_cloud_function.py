"""The application as a function, run by Functions Framework as Google Cloud runs it."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from inspect import iscoroutinefunction
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from flask import Flask
from starlette.requests import Request
from structlog.testing import capture_logs

from mlops_loop.deploy import google_cloud_function
from mlops_loop.deploy.google_cloud_function import http_function
from mlops_loop.errors import SettingsError
from mlops_loop.testing import HttpContract

from ..applications import load_edition
from ..projects import project_in
from ..publisher import Publisher
from ..service_processes import Running
from .packages import FRAMEWORKS, KEY, client_of, make_package, started_on_port

COMMAND = ("functions-framework", "--target", "handle", "--host", "127.0.0.1")
TARGET = "google_cloud_function"


@pytest.fixture(scope="module", params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def publisher(framework: str, tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    return make_package(tmp_path_factory.mktemp(framework), TARGET, framework)


@pytest.fixture(scope="module")
def function(framework: str, publisher: Publisher) -> Iterator[Running]:
    setting = f"{framework}_app__SERVING__WATCH_INTERVAL".upper()
    with started_on_port(publisher.root, framework, *COMMAND, **{setting: "20ms"}) as running:
        yield running


@pytest.fixture
def client(function: Running) -> Iterator[httpx.Client]:
    with client_of(function) as client:
        yield client


@pytest.fixture(autouse=True)
def uncached_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    """A logger keeps what was configured when it was first used."""
    monkeypatch.setattr(google_cloud_function, "logger", structlog.get_logger())


@pytest.fixture(autouse=True)
def signal_handler() -> Iterator[None]:
    """A function that was started in this process handles its end."""
    previous = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, previous)


class TestHttpContract(HttpContract):
    """Functions keep every promise to clients."""


def test_chunked_bodies_arrive(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    response = client.post("/predict", content=iter([b"[", b"]"]), headers=headers)
    assert (response.status_code, response.json()) == (200, [])


def test_too_large_bodies_are_problems(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    response = client.post("/predict", content=b" " * 2_100_000, headers=headers)
    assert response.status_code == 413


def test_a_new_champion_answers_the_next_request(
    client: httpx.Client, publisher: Publisher
) -> None:
    publisher.publish("2")
    publisher.point("2")
    time.sleep(0.02)
    assert client.get("/model").json()["champion"]["version"] == "2"
    publisher.point("1")
    time.sleep(0.02)
    assert client.get("/model").json()["champion"]["version"] == "1"


def test_the_end_of_an_instance_closes_the_prediction_log(
    function: Running, publisher: Publisher
) -> None:
    pending = publisher.root / "var/predictions.db-wal"
    httpx.get(f"{function.url}/health/ready").raise_for_status()
    assert pending.exists()
    assert function.stop() == 0
    assert not pending.exists()


def test_a_service_that_cannot_start_says_why_in_the_log(
    framework: str, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLIGHTS__SERVING__API_KEYS", '[""]')
    handle = http_function(lambda: load_edition(framework, project_in(publisher.root)).app)
    for _ in range(2):
        with capture_logs() as logs:
            response = ask(handle)
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert response.json()["detail"] == "the prediction service cannot start: its log says why"
        assert ["serving.api_keys contains an empty key" in log["reason"] for log in logs] == [True]


def test_an_internal_error_is_answered_once(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLIGHTS__SERVING__API_KEYS", f'["{KEY}"]')
    app = load_edition("fastapi", project_in(publisher.root)).app

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("a mistake of the application")

    response = ask(http_function(lambda: app), "/broken", KEY)
    assert (response.status_code, response.json()["title"]) == (500, "Internal Server Error")


def test_without_a_model_the_function_is_up_and_not_ready(
    framework: str, project_publisher: Publisher
) -> None:
    app = load_edition(framework, project_in(project_publisher.root)).app
    response = ask(http_function(lambda: app))
    assert response.status_code == 503
    assert "no model is published" in response.json()["detail"]


def test_an_application_that_cannot_be_loaded_ends_the_process() -> None:
    def load_app() -> Any:
        raise SettingsError("config/project.yaml: unknown key")

    with capture_logs() as logs, pytest.raises(SystemExit, match="1"):
        http_function(load_app)
    assert logs[-1]["reason"] == "config/project.yaml: unknown key"


def test_an_application_without_a_service_is_named() -> None:
    with capture_logs() as logs, pytest.raises(SystemExit):
        http_function(FastAPI)
    assert "assign it to app.state.service" in logs[-1]["reason"]


def ask(handle: Callable[[Any], Any], path: str = "/health/ready", key: str = "") -> httpx.Response:
    """The response of a function, called as the framework calls it."""
    if not iscoroutinefunction(handle):
        with Flask("framework").test_request_context(path) as context:
            content = handle(context.request)
            return httpx.Response(
                content.status_code, headers=content.headers, content=content.data
            )

    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(await handle(Request({"type": "http", "headers": []})))
        async with httpx.AsyncClient(transport=transport, base_url="http://function") as client:
            return await client.get(path, headers={"X-API-Key": key})

    return asyncio.run(call())
