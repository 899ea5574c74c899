"""The image of the Lambda function in a container engine, or its zip; an emulator invokes them.

`DOCKER_BUILD_OPTIONS` has options for `docker build`, as for the target docker.
"""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from deployment import docker
from deployment.lambda_emulator import FunctionProcess, LambdaEmulator
from deployment.platform import with_password
from deployment.project import Project, run

from behaviour import StepFailedError

# Lambda runs an image as a user of its own, whatever the image says.
USER = "993:990"


@contextmanager
def started(project: Project, key: str) -> Iterator[str]:
    """The function URL of the image, with the champion in it."""
    image = docker.build(project)
    with invoked(emulator(image, with_password(project.settings(key)))) as url:
        yield url


@contextmanager
def started_from_zip(project: Project, key: str, python: Path) -> Iterator[str]:
    """The function URL of the zip with the champion, run by a Python without any packages."""
    with TemporaryDirectory(prefix="task-") as folder:
        shutil.unpack_archive(project.package("--zip")["path"], folder)
        settings = with_password(project.settings(key))

        def start(address: str) -> FunctionProcess:
            command = (python, "-S", "-m", "awslambdaric", "handler.handler")
            env = {**settings, "AWS_LAMBDA_RUNTIME_API": address}
            return FunctionProcess(subprocess.Popen(command, cwd=folder, env=env))

        with invoked(LambdaEmulator(start)) as url:
            yield url


@contextmanager
def invoked(emulator: LambdaEmulator) -> Iterator[str]:
    """The URL of a function that has to answer every request."""
    with emulator as function:
        yield function.function_url
        if function.errors:
            raise StepFailedError(f"the function failed: {function.errors[0]['errorMessage']}")


def emulator(image: str, settings: Mapping[str, str]) -> LambdaEmulator:
    """Invokes an image, which is started with the first request; `settings` is its environment."""
    return LambdaEmulator(lambda address: Container.run(image, settings, address))


@dataclass(frozen=True)
class Container:
    """An environment of the function that is not frozen between requests."""

    container: str

    @classmethod
    def run(cls, image: str, settings: Mapping[str, str], address: str) -> "Container":
        variables = {**settings, "AWS_LAMBDA_RUNTIME_API": address}
        words = [word for item in variables.items() for word in ("--env", "=".join(item))]
        options = ["--detach", "--network", "host", "--user", USER, *docker.RESTRICTED, *words]
        return cls(run("docker", "run", *options, image))

    def freeze(self) -> None:
        pass

    def thaw(self) -> None:
        pass

    def kill(self) -> None:
        run("docker", "rm", "--force", "--volumes", self.container)
