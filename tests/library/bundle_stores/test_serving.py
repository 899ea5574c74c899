"""Services of models that lie in an object store."""

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from flights.features import FEATURES
from structlog.testing import capture_logs

from mlops_loop._publication import objects as objects_module
from mlops_loop._publication import open_bundle_store
from mlops_loop._settings import Settings
from mlops_loop.contract._json_schema import example_row
from mlops_loop.serving import _deployment_manager, _service

from ..mlflow_runs import start_run
from ..object_servers import s3_server
from ..projects import project_in
from ..publisher import Publisher
from ..service_processes import free_port, serving

COMMAND = "from tests.library.projects import cli; cli()"


@pytest.fixture
def shop_settings(shop_settings: Settings, tmp_path: Path) -> Settings:
    """The shop's settings, with bundles in memory."""
    return shop_settings.model_copy(update={"bundle_store": f"memory://shop/{tmp_path.name}"})


@pytest.fixture(autouse=True)
def uncached_loggers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A logger that was used before, in another test, would write past `capture_logs`."""
    for module in (_deployment_manager, _service):
        monkeypatch.setattr(module, "logger", structlog.get_logger())


def rejections(logs: list[Any]) -> list[str]:
    return [each["reason"] for each in logs if each["event"] == "publication rejected"]


def test_a_service_without_a_bundle_says_so_until_there_is_one(
    serve_shop: Any, problem: Any, shop_settings: Settings
) -> None:
    with capture_logs() as logs, serve_shop() as served:
        assert "no model is published" in problem(served.http.get("/health/ready"), 503)["detail"]
        served.publisher.publish("1")
        served.publisher.point("1")
        served.refresh()
        assert served.http.get("/health/ready").json()["champion"] == "1"
        assert served.http.post("/predict", json=served.row).status_code == 200
    [warning] = [each for each in logs if each["log_level"] == "warning"]
    assert warning["event"].startswith("no model is published for this code yet")
    assert warning["bundle_store"] == shop_settings.bundle_store


def test_a_service_with_a_wrong_bundle_says_so_until_there_is_another(
    serve_shop: Any, problem: Any, publisher: Publisher
) -> None:
    publisher.publish("1", columns=99)
    publisher.point("1")
    with capture_logs() as logs, serve_shop() as served:
        for _ in range(3):
            served.refresh()
            reason = problem(served.http.get("/health/ready"), 503)["detail"]
            assert "version 1 cannot serve" in reason
        publisher.publish("2")
        publisher.point("2")
        served.refresh()
        assert served.http.get("/health/ready").json() == {
            "status": "ready",
            "champion": "2",
            "challenger": None,
            "previous": None,
            "rejected": [],
        }
    assert len(rejections(logs)) == 1


def test_a_service_starts_without_its_store_and_finds_it_later(
    serve_shop: Any, problem: Any, shop_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects_module, "SHORT_SECONDS", 0.5)
    port = free_port()
    address = "s3://models/prefix"
    object.__setattr__(shop_settings, "bundle_store", address)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with capture_logs() as logs, serve_shop() as served:
        for _ in range(2):
            served.refresh()
            reason = problem(served.http.get("/health/ready"), 503)["detail"]
            assert f"{address} cannot be reached: no response in time" in reason
            assert problem(served.http.post("/predict", json=served.row), 503)["detail"] == reason
            assert served.http.get("/health/live").status_code == 200
        with s3_server("models", port):
            store = open_bundle_store(address, served.publisher.root)
            served.publisher.store = store
            served.publisher.publish("1")
            served.publisher.point("1")
            served.refresh()
            assert served.http.get("/health/ready").json()["champion"] == "1"
        served.refresh()
        ready = served.http.get("/health/ready").json()
        assert ready["champion"] == "1" and "cannot be reached" in ready["rejected"][0]
        assert served.http.post("/predict", json=served.row).status_code == 200
    assert len(rejections(logs)) == 2
    assert "publication accepted again" in [each["event"] for each in logs]


def test_a_rollback_reaches_a_service_that_runs(
    tracking_store: Path, project_publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command is another process than the service."""
    root = project_publisher.root
    shutil.copytree(tracking_store / "var", root / "var")
    address = "s3://models/flights"
    with s3_server("models"):
        monkeypatch.setenv("FLIGHTS__BUNDLE_STORE", address)
        project = project_in(root)
        publisher = Publisher(root, project.bundles, project.contract, FEATURES)
        run = start_run(project.registry)
        for version in "12":
            publisher.publish(version)
            project.registry.complete(
                project.registry.create_version(run, "model", {"gate": "passed"})
            )
            project.transitions.promote(version, actor="test", reason="better")
        elsewhere = root / "elsewhere"  # as on another machine
        shutil.copytree(root / "config", elsewhere / "config")
        with serving(elsewhere, "serve, FastAPI", BUNDLE_STORE=address) as running:
            assert ready_with(running.url, "2")
            subprocess.run([sys.executable, "-c", COMMAND, "rollback"], cwd=root, check=True)
            assert ready_with(running.url, "1")
            row = dict(example_row(publisher.contract))
            answer = httpx.post(f"{running.url}/predict", json=row, timeout=20).json()
            assert answer["model_version"] == "1"
            assert running.stop() == 0


def ready_with(url: str, version: str) -> bool:
    """Whether a version serves before long."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if httpx.get(f"{url}/health/ready").json().get("champion") == version:
            return True
        time.sleep(0.02)
    return False
