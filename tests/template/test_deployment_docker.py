"""The image of the service, built with a container engine and asked over HTTP."""

from pathlib import Path

import pytest
import targets


@pytest.mark.real
@pytest.mark.parametrize("framework", targets.FRAMEWORKS)
def test_the_image_serves(framework: str, tmp_path: Path) -> None:
    result = targets.prove("docker", framework, tmp_path)
    assert result.passed, result.message()
