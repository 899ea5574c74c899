"""Build the image of rendered services, and ask each what every service is asked over HTTP.

Needs Docker. For each web framework the project is rendered, installed and trained, its image built
and started as compose.yaml starts it; then the HTTP contract suite asks the container, which has to
stop by itself in the end. Exit code 3: one of them did not do as it should.
"""

import argparse
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import toolbox
from behaviour import PACKAGE, SLICE, StepFailedError, free_port, render

FRAMEWORKS = ("fastapi", "flask")
SECONDS_TO_START = 60
SECONDS_TO_STOP = 30
# The library's suite of the HTTP interface, as tests of the service in the container.
SUITE = """
import os

import httpx
import pytest
from mlops_loop.testing import HttpContract


@pytest.fixture
def client():
    headers = {"X-API-Key": os.environ["API_KEY"]}
    with httpx.Client(base_url=os.environ["SERVICE_URL"], headers=headers) as client:
        yield client


class TestHttpContract(HttpContract):
    pass
"""


def run(*command: str | Path, cwd: Path | None = None, **env: str) -> str:
    """What a command prints; its errors go to the terminal."""
    done = subprocess.run(
        command, cwd=cwd, env={**toolbox.environment(), **env}, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        words = " ".join(map(str, command))
        raise StepFailedError(f"'{words}' ended with exit code {done.returncode}:\n{done.stdout}")
    return done.stdout.strip()


def train(project: Path) -> Path:
    """Install the project and publish a model; its interpreter."""
    run(sys.executable, "tools/install.py", cwd=project)
    python: Path = toolbox.load_installer().executable(project / ".venv", "python")
    settings = {f"{PACKAGE.upper()}__{key}": value for key, value in SLICE.items()}
    for command in ("ingest", "train"):
        run(python, "-m", PACKAGE, command, cwd=project, **settings)
    return python


@contextmanager
def started(image: str, project: Path, key: str) -> Iterator[str]:
    """The address of a container that is healthy; it has to end well when it is told to stop."""
    port = free_port()
    settings = {
        "SERVING__API_KEYS": f'["{key}"]',
        "SERVING__PORT": str(port),
        "PREDICTION_LOG": "sqlite:///var/predictions.db",
    }
    command = ["docker", "run", "--detach", "--network", "host", "--read-only", "--tmpfs", "/tmp"]
    command += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    command += ["--user", f"{os.getuid()}:{os.getgid()}", "--volume", f"{project}/var:/app/var"]
    for name, value in settings.items():
        command += ["--env", f"{PACKAGE.upper()}__{name}={value}"]
    container = run(*command, image)
    try:
        wait_until_healthy(container)
        yield f"http://127.0.0.1:{port}"
        run("docker", "stop", "--time", str(SECONDS_TO_STOP), container)
        ended = run("docker", "inspect", "--format", "{{.State.ExitCode}}", container)
        if ended != "0":
            raise StepFailedError(f"the container ended with exit code {ended} when it was stopped")
    except StepFailedError:
        subprocess.run(["docker", "logs", "--tail", "40", container])
        raise
    finally:
        run("docker", "rm", "--force", container)


def wait_until_healthy(container: str) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while (found := health(container)) != "healthy":
        if time.monotonic() > until:
            raise StepFailedError(f"after {SECONDS_TO_START} s the container is {found}")
        time.sleep(0.5)


def health(container: str) -> str:
    return run("docker", "inspect", "--format", "{{.State.Health.Status}}", container)


def prove(framework: str, place: Path, building: list[str]) -> str:
    """Build, start, ask and stop the service of one framework; a sentence about it."""
    project = render(place, {"web_framework": framework})
    python = train(project)
    image = f"{project.name}:{framework}"
    run("docker", "build", "--quiet", "--tag", image, *building, ".", cwd=project)
    size = int(run("docker", "image", "inspect", "--format", "{{.Size}}", image)) / 1e6
    key = secrets.token_urlsafe()
    suite = project / "tests/test_image.py"
    suite.write_text(SUITE, encoding="utf-8")
    with started(image, project, key) as url:
        pytest = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--noconftest")
        told = run(*pytest, str(suite), cwd=project, SERVICE_URL=url, API_KEY=key)
    return f"{framework}: {size:.0f} MB, {told.splitlines()[-1].strip('= ')}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--framework", nargs="+", choices=FRAMEWORKS, default=FRAMEWORKS)
    parser.add_argument(
        "building", nargs="*", metavar="OPTION", help="for docker build, after --: -- --build-arg …"
    )
    arguments = parser.parse_args()
    if shutil.which("docker") is None:
        parser.error("docker is not on PATH: install Docker, or a program that goes by its name")
    for framework in arguments.framework:
        with tempfile.TemporaryDirectory(prefix="image-", ignore_cleanup_errors=True) as place:
            try:
                print(prove(framework, Path(place), arguments.building), flush=True)
            except StepFailedError as error:
                print(f"error: {framework}: {error}", file=sys.stderr)
                return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
