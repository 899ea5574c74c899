"""The application as a function, run by Functions Framework as Google Cloud runs it."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mlops_loop.testing import HttpContract

from ..publisher import Publisher
from ..service_processes import Running
from .packages import FRAMEWORKS, KEY, deployed, make_package

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
    with deployed(publisher.root, framework, *COMMAND, **{setting: "20ms"}) as running:
        yield running


@pytest.fixture(scope="module")
def client(function: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=function.url, headers={"X-API-Key": KEY}, timeout=20) as client:
        yield client


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
