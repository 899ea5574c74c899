"""The package of a target that takes an image: what is in its build context."""

import subprocess
from pathlib import Path

import pytest

from mlops_loop import Project
from mlops_loop._publication import open_bundle_store
from mlops_loop.deploy._package import TARGETS
from mlops_loop.deploy._package.files import paths_below
from mlops_loop.errors import InputError

from ..publisher import Publisher
from .packaging import made

IMAGES = [name for name, each in TARGETS.items() if each.builds_image and not each.archives_models]


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_gets_what_dockerignore_sends_and_the_champion(
    deployed: Project, output: Path, name: str
) -> None:
    package = made(deployed, name, output)
    assert {
        path for path in paths_below(output) if not path.startswith(("bundles/", "vendor/"))
    } == {
        "Dockerfile",
        "README.md",
        "config/contract.yaml",
        "config/project.yaml",
        "deploy/aws_lambda/handler.py",
        "deploy/google_cloud_function/main.py",
        "deployment.json",
        "poetry.lock",
        "src/shop/__init__.py",
        "src/shop/run.sh",
    }
    assert package.models == {"champion": "2"} and package.models_from == "/app/bundles"
    dockerfile = (output / "Dockerfile").read_text()
    added = "COPY bundles /app/bundles\nENV FLIGHTS__BUNDLE_STORE=/app/bundles\n"
    assert dockerfile.endswith(added) and dockerfile.startswith("FROM scratch")


def test_a_package_names_the_versions_that_serve_and_no_others(
    deployed: Project, publisher: Publisher, output: Path
) -> None:
    publisher.point("2", "3", mode="split")
    package = made(deployed, "docker", output)
    assert package.models == {"champion": "2", "challenger": "3"}
    rollout = open_bundle_store("bundles", output).pointer().rollout(deployed.rollout_key)
    assert (rollout.champion, rollout.challenger, rollout.mode) == ("2", "3", "split")
    assert rollout.earlier_champions == () and not (output / "bundles/1").exists()


def test_sagemaker_gets_the_models_in_an_archive(deployed: Project, output: Path) -> None:
    package = made(deployed, "aws_sagemaker", output)
    assert package.models == {"champion": "2"} and package.models_from == "/opt/ml/model"
    assert not (output / "bundles").exists()
    (output / "unpacked").mkdir()
    subprocess.run(
        ["tar", "--extract", "--file", "model.tar.gz", "--directory", "unpacked"],
        cwd=output,
        check=True,
    )
    store = open_bundle_store("unpacked", output)
    assert store.pointer().rollout(deployed.rollout_key).champion == "2"
    assert (store.fetch("2") / "model.onnx").is_file()


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore"])
def test_an_image_needs_its_files(deployed: Project, output: Path, name: str) -> None:
    (deployed.root / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing"):
        made(deployed, "docker", output)
