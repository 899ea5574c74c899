"""The package of a rendered project, installed and run as the platform does it, asked over HTTP."""

from pathlib import Path

import pytest
import targets


@pytest.mark.real
@pytest.mark.parametrize("framework", targets.FRAMEWORKS)
def test_the_package_serves(framework: str, tmp_path: Path) -> None:
    result = targets.prove("heroku", framework, tmp_path)
    assert result.passed, result.message()
