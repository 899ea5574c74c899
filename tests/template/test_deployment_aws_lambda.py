"""The image of the Lambda function, run by a container engine and invoked by an emulator."""

from pathlib import Path

import pytest
import targets


@pytest.mark.real
@pytest.mark.parametrize("framework", targets.FRAMEWORKS)
def test_the_image_answers_events(framework: str, tmp_path: Path) -> None:
    result = targets.prove("aws_lambda", framework, tmp_path)
    assert result.passed, result.message()
