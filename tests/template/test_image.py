"""The image of the service, built with a container engine and asked over HTTP."""

import shutil
from pathlib import Path

import image
import pytest


@pytest.mark.real
@pytest.mark.parametrize("framework", image.FRAMEWORKS)
def test_the_image_serves(framework: str, tmp_path: Path) -> None:
    assert shutil.which("docker"), "docker is not on PATH: install Docker, or podman-docker"
    assert "passed" in image.prove(framework, tmp_path, [])
