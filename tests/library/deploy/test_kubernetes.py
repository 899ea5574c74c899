"""The manifests of Kubernetes fit the service that they run."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jinja2 import Environment
from pydantic import BaseModel

from mlops_loop import Settings
from mlops_loop.contract._json_schema import example_row

from ..places import REPOSITORY
from ..publisher import Publisher
from ..service_processes import Running, serving

(TARGET,) = REPOSITORY.glob("*cookiecutter.project_slug*/deploy/kubernetes")
PREFIX = "PROJECT__"
JINJA = Environment(trim_blocks=True, lstrip_blocks=True)
ANSWERS = {
    "project_slug": "project",
    "package_name": "project",
    "prediction_log": "postgresql",
    "__dns_name": "project",
    "__has_log_server": "True",
}
FLIGHTS = REPOSITORY / "tests/library/flights/src/flights"
MORE = """

@FEATURES.feature(inputs=("departure_minute",), output="number")
def departure_hour(departure_minute: Floats) -> Floats:
    return departure_minute // 60
"""


def manifest(path: Path) -> dict[str, Any]:
    """A manifest as a project has it whose prediction log is on a server."""
    template = JINJA.from_string(path.read_text(encoding="utf-8"))
    document: dict[str, Any] = yaml.safe_load(template.render(cookiecutter=ANSWERS))
    return document


def manifests() -> list[dict[str, Any]]:
    return [manifest(path) for path in sorted(TARGET.rglob("*.yaml"))]


def containers() -> list[dict[str, Any]]:
    """The containers of the Deployment and of the CronJob."""
    deployment, loop = (manifest(TARGET / f"base/{name}.yaml") for name in ("deployment", "loop"))
    pods = [deployment["spec"], loop["spec"]["jobTemplate"]["spec"]]
    return [one for pod in pods for one in pod["template"]["spec"]["containers"]]


def literals() -> Iterator[tuple[str, str]]:
    """The settings in the ConfigMaps."""
    for document in manifests():
        for generator in document.get("configMapGenerator", []):
            for literal in generator["literals"]:
                name, _, value = literal.partition("=")
                yield name, value


@pytest.mark.parametrize("server", ["serve, FastAPI", "serve, Flask"])
def test_probes_ask_paths_that_answer(project_publisher: Publisher, server: str) -> None:
    project_publisher.publish("1")
    project_publisher.point("1")
    service, _ = containers()
    probes = [service[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    assert {probe["port"] for probe in probes} == {service["ports"][0]["name"]}
    with serving(project_publisher.root, server, SERVING__ALLOW_ANONYMOUS="true") as running:
        statuses = [httpx.get(running.url + probe["path"]).status_code for probe in probes]
    assert statuses == [200, 200, 200]


def test_the_port_is_that_of_the_image() -> None:
    service, _ = containers()
    dockerfile = (TARGET.parents[1] / "Dockerfile").read_text(encoding="utf-8")
    (port,) = service["ports"]
    assert f"\nEXPOSE {port['containerPort']}\n" in dockerfile
    assert f"__SERVING__PORT={port['containerPort']} " in dockerfile


def test_settings_exist() -> None:
    names = {name for name, _ in literals()}
    assert f"{PREFIX}PREDICTION_LOG" in names and f"{PREFIX}SERVING__KEY_FILE" in names
    for name in names:
        section: type[BaseModel] = Settings
        *path, key = name.removeprefix(PREFIX).lower().split("__")
        for part in path:
            annotation = section.model_fields[part].annotation
            assert isinstance(annotation, type) and issubclass(annotation, BaseModel), name
            section = annotation
        assert key in section.model_fields, name


def test_secrets_are_named_and_never_written() -> None:
    assert [document for document in manifests() if document.get("kind") == "Secret"] == []
    assert not any("secretGenerator" in document for document in manifests())
    for container in containers():
        assert container.get("env", []) == []  # a value there would be seen by all who list pods
    mounted = {mount["mountPath"] for one in containers() for mount in one["volumeMounts"]}
    values = dict(literals())
    assert str(Path(values[f"{PREFIX}SERVING__KEY_FILE"]).parent) in mounted


def edited_features(folder: Path) -> Any:
    """The features of a copy of the package with one more, in `folder/edited`."""
    package = folder / "edited" / "flights"
    shutil.copytree(FLIGHTS, package)
    with (package / "features.py").open("a", encoding="utf-8") as code:
        code.write(MORE)
    (folder / "edited" / "edited_flights").symlink_to(package)
    return import_module("edited_flights.features").FEATURES


def version(running: Running, publisher: Publisher) -> str | int:
    """The version that answers, or the status if none does."""
    row = dict(example_row(publisher.contract))
    answer = httpx.post(f"{running.url}/predict", json=row, timeout=20)
    return answer.json()["model_version"] if answer.is_success else answer.status_code


def wait_until_ready(running: Running) -> None:
    deadline = time.monotonic() + 20
    while httpx.get(f"{running.url}/health/ready").status_code != 200:
        assert time.monotonic() < deadline, running.log.read_text()
        time.sleep(0.02)


def test_a_rolling_update_keeps_old_and_new_features_code_served(
    project_publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"SERVING__ALLOW_ANONYMOUS": "true"}
    old_code = project_publisher
    old_code.publish("1")
    old_code.point("1")
    with serving(old_code.root, "serve, FastAPI", **settings) as old:
        monkeypatch.syspath_prepend(tmp_path / "edited")
        new_code = replace(old_code, features=edited_features(tmp_path))
        assert new_code.key != old_code.key
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "edited"), prepend=":")
        with serving(old_code.root, "serve, FastAPI", **settings) as new:
            # The new pod is not ready, so that the old one stays.
            assert httpx.get(f"{new.url}/health/ready").status_code == 503
            assert (version(old, old_code), version(new, old_code)) == ("1", 503)
            new_code.publish("2")
            new_code.point("2")
            wait_until_ready(new)
            assert (version(old, old_code), version(new, old_code)) == ("1", "2")
            old_code.publish("3")
            old_code.point("3")
            time.sleep(0.3)  # both look at the pointer every 20 ms
            assert (version(old, old_code), version(new, old_code)) == ("3", "2")
