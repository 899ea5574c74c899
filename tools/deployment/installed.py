"""The source files of a package: installed from its requirements and run, as platforms do it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from deployment.project import Project, run

import toolbox
from behaviour import StepFailedError, free_port

SECONDS_TO_START = 60
SECONDS_TO_STOP = 30


@dataclass(frozen=True)
class Installed:
    """A package, and an environment with its requirements and nothing else.

    Attributes:
        package: folder that `deploy package` made.
        environment: folder of the virtual environment.
    """

    package: Path
    environment: Path

    def variables(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Environment variables of its processes, whose `python` is the environment's."""
        programs = toolbox.load_installer().executable(self.environment, "python").parent
        path = os.pathsep.join([str(programs), os.environ["PATH"]])
        return {**os.environ, "PATH": path, **settings}

    @property
    def size(self) -> int:
        """Bytes of the package and of what was installed."""
        files = (path for folder in (self.package, self.environment) for path in folder.rglob("*"))
        return sum(path.lstat().st_size for path in files if path.is_file())


def install(project: Project) -> Installed:
    """Make the package of a project, and install its `requirements.txt` with hashes."""
    package = Path(project.package()["path"])
    environment = project.root.parent / "environment"
    run(sys.executable, "-m", "venv", environment)
    python = toolbox.load_installer().executable(environment, "python")
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "--requirement", "requirements.txt", cwd=package)
    return Installed(package, environment)


@contextmanager
def running(
    installed: Installed, command: Sequence[str | Path], settings: Mapping[str, str]
) -> Iterator[str]:
    """The URL of a command that serves on PORT; it has to end well when it is told to stop."""
    port = free_port()
    env = {**installed.variables(settings), "PORT": str(port)}
    log = installed.environment.with_name("service.log")
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=installed.package, env=env, stdout=output, stderr=output
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(process, url)
        yield url
        process.terminate()
        process.wait(SECONDS_TO_STOP)
    except (StepFailedError, subprocess.TimeoutExpired) as error:
        print(log.read_text(encoding="utf-8")[-4000:], file=sys.stderr)
        raise StepFailedError(str(error)) from error
    finally:
        process.kill()
        process.wait()


def wait_until_ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            with urlopen(f"{url}/health/ready", timeout=SECONDS_TO_START):
                return
        except (URLError, ConnectionError) as error:
            if process.poll() is not None:
                raise StepFailedError(f"the service ended with {process.returncode}") from error
            if time.monotonic() > until:
                raise StepFailedError(f"not ready after {SECONDS_TO_START} s: {error}") from error
            time.sleep(0.01)
