"""AWS Lambda: the application behind `awslambdaric`, asked over HTTP through its events."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
import redis
from botocore.session import get_session
from flights.features import FEATURES

from mlops_loop._publication import open_bundle_store
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._json_schema import example_row
from mlops_loop.testing import HttpContract

from ..object_servers import s3_server
from ..places import FLIGHTS, PROJECT_PACKAGE
from ..publisher import Publisher
from ..services import STORES
from .lambda_emulator import FunctionFailedError, FunctionProcess, LambdaEmulator

KEY = "k-" + "0123456789abcdef" * 2
WATCH_SECONDS = 0.01
HANDLER = PROJECT_PACKAGE.parents[1] / "deploy/aws_lambda/handler.py"
# An application with routes that show what an adapter has to carry, and what goes wrong.
APPLICATIONS = {
    "fastapi": """
import asyncio, time
from fastapi import Request, Response
from fastapi_app.app import app

@app.post("/echo")
async def echo(request: Request) -> Response:
    response = Response(await request.body(), media_type="application/octet-stream")
    response.set_cookie("a", request.cookies.get("a", ""))
    response.set_cookie("b", request.query_params.get("b", ""))
    return response

@app.get("/fault")
async def fault() -> None:
    raise RuntimeError("boom")

@app.get("/wait")
async def wait() -> None:
    await asyncio.sleep(60)

@app.get("/block")
async def block() -> None:
    time.sleep(60)
""",
    "flask": """
import os, signal, time
from flask import Response, request
from flask_app.app import app

@app.post("/echo")
def echo():
    response = Response(request.get_data(), mimetype="application/octet-stream")
    response.set_cookie("a", request.cookies.get("a", ""))
    response.set_cookie("b", request.args.get("b", ""))
    return response

@app.get("/fault")
def fault():
    raise RuntimeError("boom")

@app.get("/wait")
def wait():
    time.sleep(60)

@app.get("/block")
def block():
    os.kill(os.getpid(), signal.SIGSTOP)
""",
}


@dataclass
class Function:
    """A function of the flights project."""

    emulator: LambdaEmulator
    publisher: Publisher
    log: Path
    row: dict[str, Any]
    settings: dict[str, str]

    def publish(self, version: str) -> None:
        self.publisher.publish(version)
        self.publisher.point(version)

    def client(self, url: str = "") -> httpx.Client:
        return httpx.Client(
            base_url=url or self.emulator.function_url, headers={"X-API-Key": KEY}, timeout=20
        )


@contextmanager
def function(folder: Path, framework: str, **settings: str) -> Iterator[Function]:
    """A function that the rendered handler.py makes of an application."""
    shutil.copytree(FLIGHTS / "config", folder / "config")
    configured = load_settings(folder)
    store = open_bundle_store(configured.bundle_store, folder)
    publisher = Publisher(folder, store, configured.contract(), FEATURES)
    package = folder / "src/extended"
    package.mkdir(parents=True)
    (package / "app.py").write_text(APPLICATIONS[framework])
    entry = HANDLER.read_text().replace("{{ cookiecutter.package_name }}", package.name)
    (folder / "handler.py").write_text(entry)
    settings = {
        "ROOT": str(folder),
        "SERVING__API_KEYS": f'["{KEY}"]',
        "SERVING__WATCH_INTERVAL": "10ms",
        **settings,
    }
    environ = {f"{framework.upper()}_APP__{name}": value for name, value in settings.items()}
    log = folder / "function.log"

    def start(address: str) -> FunctionProcess:
        with log.open("ab") as output:
            return FunctionProcess(
                subprocess.Popen(
                    [sys.executable, "-m", "awslambdaric", "handler.handler"],
                    cwd=folder,
                    env={**os.environ, **environ, "AWS_LAMBDA_RUNTIME_API": address},
                    stdout=output,
                    stderr=output,
                )
            )

    with LambdaEmulator(start) as emulator:
        row = dict(example_row(publisher.contract))
        yield Function(emulator, publisher, log, row, environ)


@pytest.fixture(scope="module", params=APPLICATIONS)
def deployed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Function]:
    """A function of each framework, with a model."""
    with function(tmp_path_factory.mktemp("lambda"), request.param) as running:
        running.publish("1")
        yield running


@pytest.fixture(params=["api_gateway", "function_url"])
def client(deployed: Function, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client of each way to invoke it."""
    with deployed.client(getattr(deployed.emulator, request.param)) as client:
        yield client


class TestHttpContract(HttpContract):
    pass


def test_bodies_of_any_bytes_cookies_and_query_travel_both_ways(deployed: Function) -> None:
    content = bytes(range(256))
    with deployed.client() as client:
        response = client.post("/echo?b=2%204", content=content, headers={"Cookie": "a=1; c=3"})
    assert response.content == content
    assert [*response.cookies.items()] == [("a", "1"), ("b", '"2 4"')]


def test_an_error_is_a_problem_and_the_environment_goes_on(
    deployed: Function, problem: Callable[[httpx.Response, int], dict[str, Any]]
) -> None:
    with deployed.client() as client:
        document = problem(client.get("/fault"), 500)
        assert client.get("/health/ready").status_code == 200
    assert "boom" in deployed.log.read_text() and "boom" not in str(document)
    assert deployed.emulator.errors == []


def test_a_request_that_takes_too_long_is_answered_before_the_timeout(
    deployed: Function,
    problem: Callable[[httpx.Response, int], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deployed.emulator, "timeout", 0.9)
    with deployed.client() as client:
        began = time.monotonic()
        document = problem(client.get("/wait"), 504)
        assert time.monotonic() - began < 10
        assert "timeout" in document["detail"]
        assert client.get("/health/ready").status_code == 200
    assert deployed.emulator.errors == []


def test_an_event_that_is_no_request_is_an_error_with_a_sentence(deployed: Function) -> None:
    with pytest.raises(FunctionFailedError, match="payload format 2.0.*has detail, source"):
        deployed.emulator.invoke({"source": "aws.events", "detail": {}})
    assert deployed.emulator.errors.pop()["errorType"] == "InputError"
    with deployed.client() as client:
        assert client.get("/health/ready").status_code == 200


def test_the_log_says_how_long_it_took_to_start(deployed: Function) -> None:
    with deployed.client() as client:
        assert client.get("/health/ready").status_code == 200
    (line,) = [line for line in deployed.log.read_text().splitlines() if "function ready" in line]
    ready = json.loads(line)
    assert ready["load_seconds"] > 0 and ready["start_seconds"] > 0
    assert ready["versions"] == {"champion": "1"}


def test_the_platforms_request_id_finds_a_request_in_the_log(deployed: Function) -> None:
    with deployed.client() as client:
        request_id = client.get("/model").headers["x-request-id"]
    assert UUID(request_id) and request_id in deployed.log.read_text()


def test_after_a_timeout_the_next_request_finds_a_new_environment(
    deployed: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    with deployed.client() as client:
        assert client.get("/health/ready").status_code == 200
        monkeypatch.setattr(deployed.emulator, "timeout", 0.3)
        assert client.get("/block").status_code == 502
        monkeypatch.undo()
        assert deployed.emulator.errors.pop() == {"errorMessage": "Task timed out"}
        assert client.post("/predict", json=deployed.row).status_code == 200


def test_what_keeps_it_from_starting_is_one_sentence_in_the_log(tmp_path: Path) -> None:
    with function(tmp_path, "fastapi", SERVING__API_KEYS='["sha256:1"]') as running:
        with running.client() as client:
            assert client.get("/health/ready").status_code == 502
            sentence = "serving.api_keys: expected 64 hexadecimal digits after sha256:"
            assert [error["errorMessage"] for error in running.emulator.errors] == [sentence]
            assert running.log.read_text().count(f"ServiceError: {sentence}") == 1
            # The platform starts it again with the next request.
            running.settings["FASTAPI_APP__SERVING__API_KEYS"] = f'["{KEY}"]'
            assert client.get("/health/live").status_code == 200


def test_a_frozen_function_follows_the_pointer_with_the_next_request(tmp_path: Path) -> None:
    with function(tmp_path, "fastapi") as running, running.client() as client:
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").status_code == 503
        for version in ("1", "2", "1"):
            running.publish(version)
            time.sleep(WATCH_SECONDS)
            assert client.post("/predict", json=running.row).json()["model_version"] == version


@pytest.mark.real
@pytest.mark.parametrize("store", ["redis", "postgresql"])
def test_connections_that_died_while_it_was_frozen_are_replaced(tmp_path: Path, store: str) -> None:
    with STORES[store](tmp_path / store) as new_address:
        address = new_address().partition("&spool=")[0]
        running = function(tmp_path / "function", "flask", PREDICTION_LOG=address)
        with running as deployed, deployed.client() as client:
            deployed.publish("1")
            for _ in range(3):
                assert client.post("/predict", json=deployed.row).status_code == 200
                close_connections(address.partition("?")[0])


def close_connections(address: str) -> None:
    """What a server or a gateway does to connections that are idle for long."""
    if address.startswith("redis"):
        with redis.Redis.from_url(address) as server:
            assert server.client_kill_filter(_type="normal", skipme=True)
        return
    with psycopg.connect(address, autocommit=True) as connection:
        closed = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).fetchall()
        assert closed


@pytest.mark.real
def test_keys_come_from_a_secret_and_models_from_a_bucket(tmp_path: Path) -> None:
    with s3_server("models"):
        store = "s3://models/flights"
        secrets = get_session().create_client("secretsmanager", region_name="us-east-1")
        arn = secrets.create_secret(Name="keys")["ARN"]
        running = function(
            tmp_path / "function", "fastapi", SERVING__API_KEYS=arn, BUNDLE_STORE=store
        )
        with running as deployed, deployed.client() as client:
            assert client.get("/health/live").status_code == 502
            assert "put-secret-value" in deployed.emulator.errors[0]["errorMessage"]
            secrets.put_secret_value(SecretId=arn, SecretString=f'["{KEY}"]')
            assert "no model is published" in client.get("/health/ready").json()["detail"]
            deployed.publisher.store = open_bundle_store(store, tmp_path)
            for version in ("1", "2", "1"):
                deployed.publish(version)
                time.sleep(WATCH_SECONDS)
                prediction = client.post("/predict", json=deployed.row).json()
                assert prediction["model_version"] == version
