"""The image of the service, run by a container engine as compose.yaml runs it.

`DOCKER_BUILD_OPTIONS` has options for `docker build`, e.g. `--build-arg PYTHON_IMAGE=…`.
"""

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from deployment.project import Project, run

from behaviour import PACKAGE, StepFailedError, free_port

SECONDS_TO_START = 60
SECONDS_TO_STOP = 30
# As little as a service needs.
RESTRICTED = shlex.split("--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges")


@contextmanager
def started(project: Project, key: str) -> Iterator[str]:
    """The URL of a healthy container, with the champion in its image."""
    image, port = build(project), free_port()
    settings = {**project.settings(key), f"{PACKAGE.upper()}__SERVING__PORT": str(port)}
    with running(image, settings) as container:
        wait_until_healthy(container)
        yield f"http://127.0.0.1:{port}"


def build(project: Project, *words: str) -> str:
    """Build the image of the project's package, made with options of `deploy package`; its name."""
    package = project.package(*words)
    image = f"{project.root.name}-{package['target']}:{project.answers['web_framework']}"
    build_image(Path(package["path"]), image)
    return image


def build_image(context: Path, image: str, *words: str) -> None:
    """Build an image of a folder with a Dockerfile; `words` are options of `docker build`."""
    if shutil.which("docker") is None:
        raise StepFailedError("docker is not on PATH: install Docker, or podman-docker")
    options = [*shlex.split(os.environ.get("DOCKER_BUILD_OPTIONS", "")), *words]
    run("docker", "build", "--quiet", "--tag", image, *options, context, DOCKER_BUILDKIT="1")


@contextmanager
def running(
    image: str, settings: Mapping[str, str], *words: str, arguments: Sequence[str] = ()
) -> Iterator[str]:
    """A container, which has to end well when it is told to stop.

    Args:
        settings: environment variables.
        words: options of `docker run`.
        arguments: arguments of the container's program; those of the image by default.
    """
    variables = [word for item in settings.items() for word in ("--env", "=".join(item))]
    options = ["--detach", "--network", "host", *RESTRICTED, *variables, *words]
    container = run("docker", "run", *options, image, *arguments)
    try:
        yield container
        run("docker", "stop", "--time", str(SECONDS_TO_STOP), container)
        ended = run("docker", "inspect", "--format", "{{.State.ExitCode}}", container)
        if ended != "0":
            raise StepFailedError(f"the container ended with exit code {ended} when it was stopped")
    except StepFailedError:
        subprocess.run(["docker", "logs", "--tail", "40", container])
        raise
    finally:
        run("docker", "rm", "--force", "--volumes", container)


def wait_until_healthy(container: str) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while (found := health(container)) != "healthy":
        if time.monotonic() > until:
            raise StepFailedError(f"after {SECONDS_TO_START} s the container is {found}")
        time.sleep(0.5)


def health(container: str) -> str:
    return run("docker", "inspect", "--format", "{{.State.Health.Status}}", container)
