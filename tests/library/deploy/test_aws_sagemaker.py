"""SageMaker: the container's program that serves, as a process."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from flights.features import FEATURES

from mlops_loop._publication import open_bundle_store
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._json_schema import example_row
from mlops_loop.testing import HttpContract

from ..places import FLIGHTS
from ..publisher import Publisher
from ..service_processes import free_port

KEY = "k-" + "0123456789abcdef" * 2
# What `deploy/aws_sagemaker/entrypoint.py` does in a project.
ENTRYPOINT = """
import sys
from mlops_loop import Composition
from mlops_loop.deploy.aws_sagemaker import run_container

def load():
    from {package}.project import project
    return Composition(project, None)

sys.exit(run_container(load, root={root!r}))
""".replace("{root!r}", "__import__('pathlib').Path({root!r})")


@dataclass
class Container:
    """A container's program that serves."""

    process: subprocess.Popen[bytes]
    http: httpx.Client
    publisher: Publisher
    log: Path

    @property
    def row(self) -> dict[str, Any]:
        return dict(example_row(self.publisher.contract))

    @property
    def names(self) -> list[str]:
        """The columns of a CSV without a header."""
        return [column.name for column in self.publisher.contract.inputs]

    def invoke(self, body: str | bytes, content_type: str, **headers: str) -> httpx.Response:
        """Ask as SageMaker does: without an API key."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(
            "/invocations", content=body, headers={"Content-Type": content_type, **headers}
        )

    def wait_for_log(self, text: str) -> None:
        """Wait for a line, e.g. that of a request, which is written after its response."""
        deadline = time.monotonic() + 10
        while text not in self.log.read_text():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)


Start = Callable[..., AbstractContextManager[Container]]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Starts `serve` of an edition with one champion in the model folder, or without any."""

    @contextmanager
    def run(
        framework: str, environ: dict[str, str] | None = None, *, archived: bool = True
    ) -> Iterator[Container]:
        root, opt_ml = tmp_path_factory.mktemp("app"), tmp_path_factory.mktemp("opt_ml")
        shutil.copytree(FLIGHTS / "config", root / "config")
        contract = load_settings(root).contract()
        (opt_ml / "model").mkdir()
        store = open_bundle_store(str(opt_ml / "model") if archived else "var/bundles", root)
        publisher = Publisher(root, store, contract, FEATURES)
        if archived:
            publisher.publish("1")
            publisher.point("1")
        prefix, port = f"{framework}_app", free_port()
        settings = {
            "SERVING__API_KEYS": f'["{KEY}"]',
            "SERVING__ALLOWED_HOSTS": '["models.example.com"]',  # not the name that SageMaker uses
            "SERVING__WATCH_INTERVAL": "20ms",
        }
        variables = {f"{prefix.upper()}__{name}": value for name, value in settings.items()}
        environ = {"SAGEMAKER_BIND_TO_PORT": str(port), **variables, **(environ or {})}
        entrypoint = ENTRYPOINT.format(package=prefix, root=str(opt_ml))
        with (root / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", entrypoint, "serve"],
                cwd=root,
                env={**os.environ, **environ},
                stderr=log,
            )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
                _wait_until_it_answers(http, process, root / "log")
                yield Container(process, http, publisher, root / "log")
        finally:
            process.terminate()
            process.wait(30)

    return run


def _wait_until_it_answers(http: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            http.get("/ping")
            return
        except httpx.TransportError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


@pytest.fixture(scope="module", params=["fastapi", "flask"])
def container(request: pytest.FixtureRequest, start: Start) -> Iterator[Container]:
    with start(request.param) as container:
        yield container


class TestHttpContract(HttpContract):
    """The application's own routes, on the same port."""

    @pytest.fixture
    def client(self, container: Container) -> Iterator[httpx.Client]:
        headers = {"X-API-Key": KEY}
        with httpx.Client(base_url=container.http.base_url, headers=headers) as client:
            yield client


def test_the_container_is_healthy_while_a_model_serves(container: Container) -> None:
    response = container.http.get("/ping")
    assert response.status_code == 200 and response.json()["champion"] == "1"


def test_only_invocations_need_no_key(container: Container) -> None:
    body = json.dumps(container.row)
    assert container.invoke(body, "application/json").status_code == 200
    headers = {"Content-Type": "application/json"}
    assert container.http.post("/predict", content=body, headers=headers).status_code == 401
    assert container.http.get("/model").status_code == 401


@pytest.mark.parametrize("many", [False, True])
def test_json_is_that_of_predict(container: Container, many: bool) -> None:
    body = json.dumps([container.row] * 3 if many else container.row)
    answer = container.invoke(body, "application/json").json()
    assert [each["prediction"] for each in (answer if many else [answer])] == [False] * (
        3 if many else 1
    )


def test_instances_are_answered_by_predictions(container: Container) -> None:
    row, names = container.row, container.names
    values = [row.get(name) for name in names]
    for instances in ([row, row], [values, values]):
        response = container.invoke(json.dumps({"instances": instances}), "application/json")
        assert [each["model_version"] for each in response.json()["predictions"]] == ["1", "1"]
    short = container.invoke(json.dumps({"instances": [values[1:]]}), "application/json")
    assert short.status_code == 400 and "instance 0" in short.json()["detail"]


def test_json_lines_are_answered_line_by_line(container: Container) -> None:
    line = json.dumps(container.row)
    response = container.invoke(f"{line}\n{line}\n", "application/jsonlines")
    assert response.headers["content-type"] == "application/jsonlines"
    assert [json.loads(each)["prediction"] for each in response.text.splitlines()] == [False] * 2
    wrong = container.invoke(f"{line}\n{line[:-1]}\n", "application/x-ndjson")
    assert wrong.status_code == 400 and "line 2" in wrong.json()["detail"]


@pytest.mark.parametrize("header", [True, False])
def test_csv_has_a_header_or_the_order_of_the_contract(container: Container, header: bool) -> None:
    names = container.names[::-1] if header else container.names
    lines = [names] if header else []
    body = _csv([*lines, *[[container.row.get(name) for name in names]] * 2])
    response = container.invoke(body, "text/csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    predicted = list(csv.reader(io.StringIO(response.text)))
    assert [(row[0], *row[2:]) for row in predicted] == [
        ("false", "1", "champion", "0.75", "0.25")
    ] * 2
    as_json = container.invoke(body, "text/csv", accept="application/json").json()
    assert [each["prediction"] for each in as_json] == [False, False]


def test_a_csv_response_has_a_header_on_request(container: Container) -> None:
    body = json.dumps(container.row)
    response = container.invoke(body, "application/json", accept="text/csv; header=present")
    header = "prediction,prediction_id,model_version,variant,false,true"
    assert response.text.splitlines()[0] == header


def test_what_is_wrong_is_a_problem_document_that_is_logged(container: Container) -> None:
    short = container.invoke("1,2,3\n", "text/csv")
    assert short.status_code == 400 and "line 1 of the CSV has 3 fields" in short.json()["detail"]
    container.wait_for_log(f'"request_id":"{short.json()["request_id"]}"')
    number = next(
        item.name for item in container.publisher.contract.inputs if item.type == "number"
    )
    row = container.row | {number: "far"}
    violated = container.invoke(_csv([[row.get(name) for name in container.names]]), "text/csv")
    assert violated.status_code == 422
    assert [each["column"] for each in violated.json()["violations"]] == [number]
    assert container.invoke(b"\xff", "text/csv").status_code == 400
    assert container.invoke("{}", "application/x-recordio").status_code == 415
    body = json.dumps(container.row)
    assert container.invoke(body, "application/json", accept="image/png").status_code == 406
    assert container.http.get("/invocations").status_code == 405


def test_limits_of_the_service_apply(container: Container) -> None:
    too_large = container.invoke(b"1" * 2_000_001, "text/csv")
    assert too_large.status_code == 413, too_large.text
    line = json.dumps(container.row) + "\n"
    too_many = container.invoke(line * 1_001, "application/jsonlines")
    assert too_many.status_code == 413 and "limit 1000" in too_many.json()["detail"]


def test_custom_attributes_name_the_entity_and_return_the_request(container: Container) -> None:
    attributes = "X-Entity-Key=customer-7, X-Request-ID=order-7"
    response = container.invoke(
        json.dumps(container.row),
        "application/json",
        **{"X-Amzn-SageMaker-Custom-Attributes": attributes},
    )
    assert response.headers["X-Amzn-SageMaker-Custom-Attributes"] == "X-Request-ID=order-7"


def test_a_container_without_a_model_stays_and_serves_the_first_one(start: Start) -> None:
    """And in a batch transform it takes what SageMaker lets a job send."""
    environ = {"SAGEMAKER_BATCH": "true", "SAGEMAKER_MAX_PAYLOAD_IN_MB": "6"}
    with start("flask", environ, archived=False) as container:
        ping = container.http.get("/ping")
        assert ping.status_code == 503 and "no model is published" in ping.json()["detail"]
        assert container.invoke("{}", "application/json").status_code == 503
        container.publisher.publish("1")
        container.publisher.point("1")
        container.wait_for_log("model in service")
        assert container.http.get("/ping").status_code == 200
        parameters = container.http.get("/execution-parameters").json()
        assert parameters["BatchStrategy"] == "MULTI_RECORD"
        line = _csv([[container.row.get(name) for name in container.names]])
        response = container.invoke(line * 2_000, "text/csv")
        assert len(response.text.splitlines()) == 2_000


def test_what_keeps_the_application_from_starting_is_the_reason_of_ping(start: Start) -> None:
    environ = {
        "FASTAPI_APP__PREDICTION_LOG": "arn:aws:secretsmanager:eu-central-1:1234:secret:log",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "NO_PROXY": "127.0.0.1",
    }
    with start("fastapi", environ) as container:
        ping = container.http.get("/ping")
        reason = "FASTAPI_APP__PREDICTION_LOG: cannot reach the store of arn:aws:secretsmanager"
        assert ping.status_code == 503 and ping.json()["detail"].startswith(reason)
        assert reason in container.log.read_text()
        container.process.send_signal(signal.SIGTERM)
        assert container.process.wait(10) == 0


def _csv(rows: list[list[Any]]) -> str:
    output = io.StringIO()
    spelled = [[json.dumps(v) if isinstance(v, bool) else v for v in row] for row in rows]
    csv.writer(output, lineterminator="\n").writerows(spelled)
    return output.getvalue()
