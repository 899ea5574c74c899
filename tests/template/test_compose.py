"""compose.yaml: valid for every prediction log, and brought up by a container engine.

What no registry has here is left out or stood in: the store's server is the real program from its
wheel, in an image of `stand_ins`; Prometheus and Grafana are not started.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import yaml
from deployment import docker
from deployment.project import Project, answers_for, run, trained

import toolbox
from behaviour import render

LOGS = ("sqlite", "redis", "postgresql")
KEY = "a-key-of-these-tests"
STAND_INS = Path(__file__).parent / "stand_ins"
# For an engine without a network of its own: containers share the machine's.
OVERRIDE = """
services:
  service: &host
    network_mode: host
    ports: !reset []
    extra_hosts: ["store:127.0.0.1"]
  mlflow: *host
"""
STORE = """
  store:
    <<: *host
    image: {image}
"""


def compose(project: Path, *words: str) -> str:
    """What Docker Compose prints."""
    files = ["--file", "compose.yaml"]
    if (project / "override.yaml").is_file():
        files += ["--file", "override.yaml"]
    env = {name: value for name, value in os.environ.items() if name not in ("UID", "GID")}
    done = subprocess.run(
        [toolbox.program("docker-compose"), *files, *words],
        cwd=project,
        env=env,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write_secrets(project: Path) -> None:
    lines = (f"API_KEY={KEY}", f"UID={os.getuid()}", f"GID={os.getgid()}", "")
    (project / ".env").write_text("\n".join(lines), encoding="utf-8")
    store = project / ".store"
    store.mkdir(mode=0o700)
    (store / "password").write_text("a-password-of-these-tests\n", encoding="utf-8")
    (store / "password").chmod(0o600)


@pytest.mark.parametrize("log", LOGS)
def test_compose_understands_the_file(log: str, tmp_path: Path) -> None:
    project = render(tmp_path, {"prediction_log": log})
    write_secrets(project)
    services = json.loads(compose(project, "config", "--format", "json"))["services"]
    store = {"store"} if log != "sqlite" else set()
    assert set(services) == {"service", "mlflow", "prometheus", "grafana", *store}
    waits = {name: set(each.get("depends_on") or {}) for name, each in services.items()}
    assert waits["service"] == store
    assert (waits["prometheus"], waits["grafana"]) == ({"service"}, {"prometheus"})
    assert KEY in str(services["service"]["environment"])
    # In a read-only container, a secret can only be a file.
    given = yaml.safe_load((project / "compose.yaml").read_text(encoding="utf-8"))
    for each in given["services"].values():
        for name in each.get("secrets", ()):
            assert "file" in given["secrets"][name] or not each.get("read_only"), name


def test_compose_names_the_key_that_is_missing(tmp_path: Path) -> None:
    project = render(tmp_path, {})
    with pytest.raises(AssertionError, match="write API_KEY="):
        compose(project, "config", "--quiet")


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with a model; those with other prediction logs have the same features."""
    with trained(tmp_path_factory.mktemp("default"), answers_for("docker")) as project:
        yield project


@pytest.mark.real
@pytest.mark.parametrize("log", LOGS)
def test_compose_brings_service_store_and_mlflow_up(
    default: Project, log: str, tmp_path: Path
) -> None:
    project = render(tmp_path, {"prediction_log": log})
    write_secrets(project)
    shutil.copytree(default.root / "var", project / "var", ignore=lambda *_: ["predictions.db"])
    (project / "var/spool").mkdir()
    # MLflow is the same with each; the builder takes options for this machine, Compose does not.
    started = {"service": "my-ml-project"}
    if log == "sqlite":
        started["mlflow"] = "my-ml-project-workbench"
    override = (
        OVERRIDE if log == "sqlite" else OVERRIDE + STORE.format(image=stand_in(log, project))
    )
    (project / "override.yaml").write_text(override, encoding="utf-8")
    for target, image in zip(("service", "workbench"), started.values()):
        docker.build_image(project, f"{image}:latest", "--target", target)
    try:
        compose(project, "up", "--detach", "--no-build", "--wait", *started)
        assert get("http://127.0.0.1:8000/health/ready")
        assert b"prediction_id" in get(
            "http://127.0.0.1:8000/predict", json.dumps(default.example()).encode()
        )
        if "mlflow" in started:
            assert get("http://127.0.0.1:5000/health") == b"OK"
        container = compose(project, "ps", "--quiet", "service").strip()
        found = json.loads(run("docker", "inspect", container))[0]["HostConfig"]
        assert found["ReadonlyRootfs"] and found["CapDrop"] == ["ALL"]
        assert found["Memory"] == 1024**3 and found["PidsLimit"] == 512
    except AssertionError:
        print(compose(project, "logs", "--tail", "20"))
        raise
    finally:
        compose(project, "down", "--volumes", "--timeout", "20")


def get(url: str, body: bytes | None = None) -> bytes:
    headers = {"X-API-Key": KEY, "Content-Type": "application/json"}
    with urlopen(Request(url, body, headers), timeout=30) as response:
        content: bytes = response.read()
        return content


def stand_in(log: str, project: Path) -> str:
    """An image with the server of a prediction log, on the base image of the project."""
    dockerfile = (project / "Dockerfile").read_text(encoding="utf-8")
    (base,) = re.findall(r"^ARG PYTHON_IMAGE=(\S+)", dockerfile, re.MULTILINE)
    image = f"mlops-loop-tests/{log}"
    options = ("--file", str(STAND_INS / f"{log}.Dockerfile"), "--build-arg")
    docker.build_image(STAND_INS, image, *options, f"PYTHON_IMAGE={base}")
    return image
