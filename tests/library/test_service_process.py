"""The application in a process of its own, under every server that may run it."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from mlops_loop.contract._json_schema import example_row
from mlops_loop.prediction_log import open_prediction_log

from .request_heads import large, send
from .service_processes import SERVERS, Running, free_port, serving

ANONYMOUS = {"SERVING__ALLOW_ANONYMOUS": "true"}
# uvicorn with httptools, its default, takes a head of any length.
BOUND_HEADS = {
    "serve, FastAPI",
    "serve, Flask",
    "waitress-serve",
    "gunicorn, Flask",
    "uvicorn, h11",
}
OURS = [name for name in SERVERS if name.startswith("serve")]
NOT_FOR_SERVING = {
    "alembic",
    "evidently",
    "fsspec",
    "mlflow",
    "onnx",
    "optuna",
    "pandas",
    "pandera",
    "pyarrow",
    "scipy",
    "sklearn",
}
MODULES = """
import sys
from {package}.app import app, service
service.start()
print(*(name for name in sys.modules if "." not in name))
service.close()
"""


@pytest.fixture
def project(project_publisher: Any) -> Any:
    """A publisher that has published version 1."""
    project_publisher.publish("1")
    project_publisher.point("1")
    return project_publisher


def row(publisher: Any) -> dict[str, Any]:
    return dict(example_row(publisher.contract))


@pytest.mark.parametrize("server", SERVERS)
def test_every_server_runs_the_application(project: Any, server: str) -> None:
    with serving(project.root, server, **ANONYMOUS) as running:
        with httpx.Client(base_url=running.url, timeout=20) as http:
            prediction = http.post("/predict", json=row(project)).json()
            assert prediction["model_version"] == "1"
            label = {"prediction_id": prediction["prediction_id"], "label": True}
            assert http.post("/labels", json=label).json()["joined"] == 1
            assert http.get("/versions").json() == {"champion": "1"}
        if server in BOUND_HEADS:
            response, sent = send(running.url, large(60_000_000))
            assert not response.startswith(b"HTTP/1.1 2") and sent < 15_000_000
        running.stop()


@pytest.mark.parametrize("server", ["uvicorn", "waitress-serve"])
def test_other_servers_require_keys_unless_anonymous_requests_are_allowed(
    project: Any, server: str
) -> None:
    with serving(project.root, server) as running:
        response = httpx.post(f"{running.url}/predict", json=row(project), timeout=20)
        assert response.status_code == 401
        assert "serving.allow_anonymous" in response.json()["detail"]
        assert "no API keys" in running.log.read_text()


@pytest.mark.parametrize("server", OURS)
def test_a_service_follows_the_pointer_while_it_serves(project_publisher: Any, server: str) -> None:
    publisher = project_publisher
    with serving(publisher.root, server) as running:
        with httpx.Client(base_url=running.url, timeout=20) as http:
            assert http.get("/health/ready").status_code == 503
            publisher.publish("1")
            publisher.point("1")
            _wait_for(http, "1")
        publisher.publish("2")
        _swap_while_requests_run(publisher, running.url, row(publisher))
        assert running.stop() == 0


def _wait_for(http: httpx.Client, version: str) -> None:
    deadline = time.monotonic() + 20
    while (http.get("/model").json()["champion"] or {}).get("version") != version:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _swap_while_requests_run(publisher: Any, url: str, row: dict[str, Any]) -> None:
    responses: list[httpx.Response] = []
    stopped = False

    def call() -> None:
        with httpx.Client(base_url=url, timeout=20) as http:
            while not stopped:
                responses.append(http.post("/predict", json=row))

    callers = [Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for number in range(10):
        publisher.point("21"[number % 2])
        time.sleep(0.1)
    stopped = True
    for caller in callers:
        caller.join()
    assert {response.status_code for response in responses} == {200}
    assert {response.json()["model_version"] for response in responses} == {"1", "2"}


@pytest.mark.parametrize("server", OURS)
def test_requests_in_flight_are_finished_before_it_stops(project: Any, server: str) -> None:
    rows = [row(project)] * 900
    body = json.dumps(rows).encode()
    head = (
        "POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode()
    with serving(project.root, server) as running:
        with _in_flight(running, head + body) as connection:
            running.process.send_signal(signal.SIGTERM)
            response = b""
            while part := connection.recv(65536):
                response += part
            assert response.startswith(b"HTTP/1.1 200")
            assert response.count(b"prediction_id") == len(rows)
        assert running.process.wait(30) == 0


def _in_flight(running: Running, request: bytes) -> socket.socket:
    """A connection whose request is being answered; one answered too soon is sent again."""
    host, port = running.url.removeprefix("http://").split(":")
    with httpx.Client(base_url=running.url, timeout=20) as http:
        for _ in range(200):
            connection = socket.create_connection((host, int(port)), timeout=20)
            connection.sendall(request)
            while not select.select([connection], [], [], 0)[0]:
                if "http_requests_in_flight 1.0" in http.get("/metrics").text:
                    return connection
            connection.close()
    raise AssertionError("every request was answered before it was seen in flight")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on open files")
@pytest.mark.parametrize("server", OURS)
def test_a_thousand_idle_connections_lock_nobody_out(project: Any, server: str) -> None:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        started = ExitStack()
        running = started.enter_context(serving(project.root, server))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], min(4096, hard)), hard))
    with started:
        host, port = running.url.removeprefix("http://").split(":")
        for _ in range(1000):
            started.enter_context(socket.create_connection((host, int(port)), timeout=20))
        response = httpx.post(f"{running.url}/predict", json=row(project), timeout=20)
        assert response.status_code == 200


def test_several_workers_share_one_port_and_their_metrics(project: Any) -> None:
    with serving(project.root, "serve, FastAPI", "--workers", "2") as running:
        for _ in range(10):
            response = httpx.post(f"{running.url}/predict", json=row(project), timeout=20)
            assert response.status_code == 200
        for _ in range(5):
            metrics = httpx.get(f"{running.url}/metrics", timeout=20).text
            assert 'http_requests_total{path="/predict",status="200"} 10.0' in metrics
            assert 'model_info{variant="champion",version="1"} 1.0' in metrics
            assert "http_requests_in_flight 0.0" in metrics
        assert running.stop() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_a_worker_that_dies_is_replaced(project: Any) -> None:
    with serving(project.root, "serve, FastAPI", "--workers", "2") as running:
        before = _workers(running.process.pid)
        os.kill(min(before), signal.SIGKILL)
        deadline = time.monotonic() + 30
        while len(after := _workers(running.process.pid) - {min(before)}) < len(before):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert after - before
        for _ in range(4):
            assert httpx.get(f"{running.url}/health/ready", timeout=20).status_code == 200
        assert running.stop() == 0


def _workers(supervisor: int) -> set[int]:
    """Ids of the processes that a supervisor has started and that serve."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return {int(child) for child in children if b"spawn_main" in _command(child)}


def _command(process: str) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def test_waitress_runs_one_process(project: Any) -> None:
    command = [sys.executable, "-m", "flask_app", "serve", "--port", str(free_port())]
    done = subprocess.run(
        [*command, "--workers", "2"],
        env={**os.environ, "FLASK_APP__ROOT": str(project.root)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "gunicorn --workers 2 flask_app.app:app" in done.stderr


@pytest.mark.parametrize("package", ["fastapi_app", "flask_app"])
def test_serving_imports_nothing_of_training(project: Any, package: str) -> None:
    # The first start creates the tables, with Alembic.
    open_prediction_log("sqlite:///var/predictions.db", root=project.root).close()
    done = subprocess.run(
        [sys.executable, "-c", MODULES.format(package=package)],
        env={**os.environ, f"{package.upper()}__ROOT": str(project.root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert NOT_FOR_SERVING & set(done.stdout.split()) == set()
