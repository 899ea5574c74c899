"""The images for SageMaker, run as SageMaker runs them: `docker run image serve`, or `train`."""

import json
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from deployment import docker
from deployment.project import Project

from behaviour import StepFailedError, free_port


@contextmanager
def started(project: Project, key: str) -> Iterator[str]:
    """The URL of a container that is healthy, with the model archive in /opt/ml/model."""
    image = docker.build(project)
    archive = Path(project.package()["path"], "model.tar.gz")
    with TemporaryDirectory(prefix="opt-ml-") as folder:
        with tarfile.open(archive) as unpacked:
            unpacked.extractall(Path(folder, "model"), filter="data")
        with serving(image, project.settings(key), Path(folder)) as url:
            yield url


def train(project: Project, opt_ml: Path, hyperparameters: Mapping[str, str]) -> int:
    """Run a training job on the rows of the project's snapshot; the exit code of the container.

    Args:
        opt_ml: folder for what SageMaker mounts.
        hyperparameters: of the job.
    """
    image = f"{project.root.name}-training"
    docker.build_image(Path(project.package()["path"]), image, "--target", "training")
    config, channel = opt_ml / "input/config", opt_ml / "input/data/training"
    for folder in (config, channel, opt_ml / "model", opt_ml / "output"):
        folder.mkdir(parents=True)
        folder.chmod(0o777)  # the container's root user may have no more rights than others
    (config / "hyperparameters.json").write_text(json.dumps(dict(hyperparameters)))
    for snapshot in (project.root / "var/snapshots").glob("*.parquet"):
        shutil.copy(snapshot, channel)
    variables = [word for item in project.variables.items() for word in ("--env", "=".join(item))]
    mounted = ("--network", "host", "--volume", f"{opt_ml}:/opt/ml")
    command = ("docker", "run", "--rm", *docker.RESTRICTED, *mounted, *variables, image, "train")
    return subprocess.run(command).returncode


@contextmanager
def serving(image: str, settings: Mapping[str, str], opt_ml: Path) -> Iterator[str]:
    """The URL of a container that is healthy; its root, and what SageMaker mounts, is read-only."""
    port = free_port()
    variables = {**settings, "SAGEMAKER_BIND_TO_PORT": str(port)}
    mounted = ("--volume", f"{opt_ml}:/opt/ml:ro")
    with docker.running(image, variables, *mounted, arguments=("serve",)):
        url = f"http://127.0.0.1:{port}"
        wait_until_healthy(url)
        yield url


def wait_until_healthy(url: str) -> None:
    """Wait until `/ping` answers 200, as SageMaker does before it sends requests."""
    until = time.monotonic() + docker.SECONDS_TO_START
    reason = ""
    while time.monotonic() < until:
        try:
            with urlopen(f"{url}/ping", timeout=5):
                return
        except HTTPError as error:
            reason = error.read().decode()
        except (URLError, OSError) as error:
            reason = str(error)
        time.sleep(0.1)
    raise StepFailedError(f"after {docker.SECONDS_TO_START} s /ping is not healthy: {reason}")
