import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from mlops_loop.contract.json_schema import example_row
from mlops_loop.errors import ServiceError
from mlops_loop.serving.server import run
from mlops_loop.settings import Settings

from .projects import ENV_PREFIX, project_in

PACKAGE = "mlops_loop"
START = """
from pathlib import Path
from {package}.serving.server import run
from flights.project import project
run(project.copy(root=Path({root!r})), port=0, workers={workers})
"""
HEAVY = {"pandas", "pyarrow", "sklearn", "mlflow", "pandera", "evidently", "fsspec", "onnx"}
IMPORTS = """
import sys, {package}.serving.server
print(*(name for name in sys.modules if "." not in name))
"""


FEW_FILES = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
"""


@contextmanager
def service(
    root: Path, workers: int = 1, before: str = ""
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The service as a process of its own: the process, and the address it says it is ready on."""
    environment = {**os.environ, f"{ENV_PREFIX}SERVING__WATCH_INTERVAL": "20ms"}
    start = START.format(package=PACKAGE, root=str(root), workers=workers)
    process = subprocess.Popen(
        [sys.executable, "-c", before + start],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        lines = (json.loads(line) for line in process.stderr)
        url = next(line["url"] for line in lines if line["event"] == "ready")
        # Read on, or the pipe fills and the service waits for us.
        reader = Thread(target=process.stderr.read)
        reader.start()
        yield process, url
    finally:
        process.terminate()
        process.wait(20)
        reader.join()
        process.stderr.close()


def wait_for(http: httpx.Client, version: str) -> None:
    deadline = time.monotonic() + 20
    while (http.get("/model").json()["champion"] or {}).get("version") != version:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_service_lives_through_all_of_it(project_publisher: Any) -> None:
    publisher = project_publisher
    row = example_row(publisher.contract)
    label = publisher.contract.classes[-1] if publisher.contract.classes else 1.0
    with service(publisher.root) as (process, url), httpx.Client(base_url=url, timeout=20) as http:
        assert http.get("/health/ready").status_code == 503
        publisher.publish("1")
        publisher.point("1")
        wait_for(http, "1")
        found = http.post("/predict", json=row).json()
        assert found["model_version"] == "1"
        answer = {"prediction_id": found["prediction_id"], "label": label}
        assert http.post("/labels", json=answer).json()["joined"] == 1
        publisher.publish("2")
        _swap_while_requests_run(publisher, url, row)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def _swap_while_requests_run(publisher: Any, url: str, row: dict[str, Any]) -> None:
    answers: list[httpx.Response] = []
    running = True

    def call() -> None:
        with httpx.Client(base_url=url, timeout=20) as http:
            while running:
                answers.append(http.post("/predict", json=row))

    callers = [Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for number in range(10):
        publisher.point("21"[number % 2])
        time.sleep(0.1)
    running = False
    for caller in callers:
        caller.join()
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["model_version"] for answer in answers} == {"1", "2"}


def test_requests_at_hand_are_finished_before_it_stops(project_publisher: Any) -> None:
    project_publisher.publish("1")
    project_publisher.point("1")
    row = example_row(project_publisher.contract)
    rows = [row] * 500
    with service(project_publisher.root) as (process, url):
        host, port = url.removeprefix("http://").split(":")
        body = json.dumps(rows).encode()
        head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(head + body[:1000])
            time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
            connection.sendall(body[1000:])
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
            while connection.recv(65536):
                pass
        assert process.wait(20) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of open files to go beyond")
def test_connections_without_a_request_keep_nobody_out(project_publisher: Any) -> None:
    with service(project_publisher.root, before=FEW_FILES) as (_, url), ExitStack() as idle:
        host, port = url.removeprefix("http://").split(":")
        for _ in range(200):
            idle.enter_context(socket.create_connection((host, int(port)), timeout=20))
        assert httpx.get(f"{url}/health/live", timeout=20).status_code == 200


def test_several_workers_share_one_port(project_publisher: Any) -> None:
    project_publisher.publish("1")
    project_publisher.point("1")
    row = example_row(project_publisher.contract)
    with service(project_publisher.root, workers=2) as (process, url):
        for _ in range(10):
            assert httpx.post(f"{url}/predict", json=row, timeout=20).status_code == 200
        for _ in range(5):
            told = httpx.get(f"{url}/metrics", timeout=20).text
            assert 'http_requests_total{path="/predict",status="200"} 10.0' in told
            assert 'model_info{variant="champion",version="1"} 1.0' in told
            assert "http_requests_in_flight 0.0" in told
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_a_worker_that_dies_is_replaced(project_publisher: Any) -> None:
    project_publisher.publish("1")
    project_publisher.point("1")
    with service(project_publisher.root, workers=2) as (process, url):
        before = workers(process.pid)
        os.kill(min(before), signal.SIGKILL)
        deadline = time.monotonic() + 20
        while len(after := workers(process.pid) - {min(before)}) < len(before):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert after - before
        for _ in range(4):
            assert httpx.get(f"{url}/health/ready", timeout=20).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def workers(supervisor: int) -> set[int]:
    """Ids of the processes that a supervisor has started and that serve."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    spawned = (child for child in children if b"spawn_main" in _command(child))
    return {int(child) for child in spawned}


def _command(process: str) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def test_a_port_that_is_taken_is_named(shop_settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=f"port {port}.*--port"):
            run(project_in(shop_settings.root, settings=shop_settings), port=port)


def test_without_keys_it_does_not_open_to_the_network(shop_settings: Settings) -> None:
    with pytest.raises(ServiceError, match="no API keys"):
        run(project_in(shop_settings.root, settings=shop_settings), host="0.0.0.0")


def test_nothing_of_training_is_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS.format(package=PACKAGE)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert HEAVY.isdisjoint(done.stdout.split())
