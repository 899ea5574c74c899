"""The image of the service, built and run by a container engine."""

import json
import secrets
import select
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import targets
from deployment import docker, suite
from deployment.project import Project, answers_for, run, trained

from behaviour import StepFailedError, free_port

pytestmark = pytest.mark.real
KEY = secrets.token_urlsafe()
MEMORY = "512m"


@pytest.fixture(scope="module", params=targets.FRAMEWORKS)
def project(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    with trained(tmp_path_factory.mktemp("docker"), answers_for("docker", request.param)) as made:
        yield made


@pytest.fixture
def service(project: Project) -> Iterator[tuple[str, int]]:
    """A container with little memory, and the port of its service."""
    port = free_port()
    settings = {**project.settings(KEY), "PORT": str(port)}
    with docker.running(docker.build(project), settings, "--memory", MEMORY) as container:
        docker.wait_until_healthy(container)
        yield container, port


def row(project: Project) -> dict[str, object]:
    schema = json.loads(project.run("contract", "schema"))
    example: dict[str, object] = schema["example"]
    return example


def head(body: bytes) -> bytes:
    lines = ["POST /predict HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    lines += [f"X-API-Key: {KEY}", f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode()


def ask(port: int, path: str, body: bytes | None = None) -> bytes:
    headers = {"X-API-Key": KEY, "Content-Type": "application/json"}
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", body, headers), timeout=30) as response:
        content: bytes = response.read()
        return content


def test_the_image_serves(project: Project) -> None:
    with docker.started(project, KEY) as url:
        assert suite.failed(suite.ask(project, url, KEY)) == []


def test_a_container_can_do_little(service: tuple[str, int]) -> None:
    container, _ = service
    status = dict(
        line.split(":\t", 1)
        for line in run("docker", "exec", container, "cat", "/proc/1/status").splitlines()
    )
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {"10001"}
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    for folder in ("/app", "/opt/venv", "/etc", "/app/config"):
        with pytest.raises(StepFailedError):
            run("docker", "exec", container, "touch", f"{folder}/file")


def test_little_memory_is_enough_for_the_largest_requests(
    project: Project, service: tuple[str, int]
) -> None:
    container, port = service
    body = json.dumps([row(project)] * 1000).encode()
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda _: ask(port, "/predict", body), range(64)))
    assert {answer.count(b"prediction_id") for answer in answers} == {1000}
    state = json.loads(run("docker", "inspect", "--format", "{{json .State}}", container))
    assert state["Running"] and not state["OOMKilled"]


def test_sigterm_finishes_the_request_in_flight(project: Project, service: tuple[str, int]) -> None:
    container, port = service
    body = json.dumps([row(project)] * 1000).encode()
    with in_flight(port, head(body) + body) as connection:
        run("docker", "kill", "--signal", "TERM", container)
        response = b""
        while part := connection.recv(65536):
            response += part
    assert response.startswith(b"HTTP/1.1 200") and response.count(b"prediction_id") == 1000
    assert run("docker", "wait", container) == "0"


def in_flight(port: int, request: bytes) -> socket.socket:
    """A connection whose request is being answered; one answered too soon is sent again."""
    for _ in range(200):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        connection.sendall(request)
        while not select.select([connection], [], [], 0)[0]:
            if b"http_requests_in_flight 1.0" in ask(port, "/metrics"):
                return connection
        connection.close()
    raise AssertionError("every request was answered before it was seen in flight")


def test_a_service_without_a_model_lives_and_says_why_it_is_not_ready(project: Project) -> None:
    port = free_port()
    settings = {**project.settings(KEY), "PORT": str(port)}
    with docker.running(docker.build(project, "--without-model"), settings) as container:
        docker.wait_until_healthy(container)
        with pytest.raises(HTTPError) as refused:
            ask(port, "/health/ready")
        assert refused.value.code == 503
        assert b"no model is published" in refused.value.read()


def test_a_service_without_a_key_ends_with_one_sentence(project: Project) -> None:
    image = docker.build(project)
    command = ["docker", "run", "--rm", "--network", "host", image]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("error: no API keys exist") and done.stderr.count("\n") == 1
