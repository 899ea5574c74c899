"""The image of the service, run by a container engine as Cloud Run runs it: the port is in PORT."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from deployment import docker
from deployment.platform import wait_until_answered, with_password
from deployment.project import Project

from behaviour import PACKAGE, free_port

# The defaults of the Terraform variables, and the path of the startup probe.
CPU, MEMORY, CONCURRENCY = "1", "512Mi", 80
STARTUP = "/health/ready"


@contextmanager
def started(project: Project, key: str, concurrency: int = CONCURRENCY) -> Iterator[str]:
    """The URL of a container that is ready, with the champion in its image."""
    with serving(docker.build(project), project.settings(key), concurrency) as url:
        yield url


@contextmanager
def serving(
    image: str, settings: Mapping[str, str], concurrency: int = CONCURRENCY
) -> Iterator[str]:
    """The URL of a container that is ready, with the limits of an instance."""
    port = free_port()
    variables = {
        **with_password(settings),
        f"{PACKAGE.upper()}__SERVING__MAX_CONCURRENCY": str(concurrency),
        "PORT": str(port),
    }
    limits = ("--cpus", CPU, "--memory", MEMORY.removesuffix("i"))
    with docker.running(image, variables, *limits):
        url = f"http://127.0.0.1:{port}"
        wait_until_answered(url + STARTUP)
        yield url
