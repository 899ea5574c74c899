"""The images for SageMaker, run as SageMaker runs them: `docker run image serve`, or `train`."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from deployment import docker
from deployment.platform import wait_until_answered, with_password
from deployment.project import Project, run

from behaviour import free_port


@contextmanager
def started(project: Project, key: str) -> Iterator[str]:
    """The URL of a container that is healthy, with the model archive in /opt/ml/model."""
    image = docker.build(project)
    with TemporaryDirectory(prefix="opt-ml-") as folder:
        unpack_model(project, Path(folder))
        with serving(image, project.settings(key), Path(folder)) as url:
            yield url


def unpack_model(project: Project, opt_ml: Path) -> None:
    """Unpack the model archive of the package where SageMaker does."""
    model = opt_ml / "model"
    model.mkdir(parents=True)
    archive = Path(project.package()["path"], "model.tar.gz")
    run("tar", "--extract", "--file", archive, "--directory", model)


@contextmanager
def serving(image: str, settings: Mapping[str, str], opt_ml: Path) -> Iterator[str]:
    """The URL of a container that is healthy; its root, and what SageMaker mounts, is read-only."""
    port = free_port()
    variables = {**with_password(settings), "SAGEMAKER_BIND_TO_PORT": str(port)}
    mounted = ("--volume", f"{opt_ml}:/opt/ml:ro")
    with docker.running(image, variables, *mounted, arguments=("serve",)):
        url = f"http://127.0.0.1:{port}"
        wait_until_answered(f"{url}/ping")
        yield url


def build_training(project: Project) -> str:
    """Build the image of training jobs; its name."""
    image = f"{project.root.name}-training:{project.answers['web_framework']}"
    docker.build_image(Path(project.package()["path"]), image, "--target", "training")
    return image


def train(image: str, project: Project, opt_ml: Path, hyperparameters: Mapping[str, str]) -> int:
    """Run a training job on the rows of the project's snapshot; the exit code of the container.

    Args:
        opt_ml: folder for what SageMaker mounts.
        hyperparameters: of the job.
    """
    config, channel = opt_ml / "input/config", opt_ml / "input/data/training"
    for folder in (config, channel, opt_ml / "model", opt_ml / "output"):
        folder.mkdir(parents=True)
        folder.chmod(0o777)  # the container's root user may have no more rights than others
    (config / "hyperparameters.json").write_text(json.dumps(dict(hyperparameters)))
    for snapshot in (project.root / "var/snapshots").glob("*.parquet"):
        shutil.copy(snapshot, channel)
    settings = with_password(project.variables)
    variables = [word for item in settings.items() for word in ("--env", "=".join(item))]
    mounted = ("--network", "host", "--volume", f"{opt_ml}:/opt/ml")
    command = ("docker", "run", "--rm", *docker.RESTRICTED, *mounted, *variables, image, "train")
    return subprocess.run(command).returncode
