"""The Lambda function, invoked by an emulator: its image in a container engine, and its zip."""

from pathlib import Path

import pytest
import targets
from deployment import aws_lambda, suite
from deployment.project import answers_for, trained

import behaviour

KEY = "k-" + "0123456789abcdef" * 2
# The runtimes of Lambda are older up to 3.11 than what current wheels need.
PYTHON = "3.13"


@pytest.mark.real
@pytest.mark.parametrize("framework", targets.FRAMEWORKS)
def test_the_image_answers_events(framework: str, tmp_path: Path) -> None:
    result = targets.prove("aws_lambda", framework, tmp_path)
    assert result.passed, result.message()


@pytest.mark.real
def test_the_zip_answers_events(tmp_path: Path) -> None:
    python = behaviour.interpreter(PYTHON)
    assert python, f"there is no Python {PYTHON}: install it with uv or pyenv, or from its site"
    answers = {**answers_for("aws_lambda"), behaviour.PYTHON: PYTHON}
    with trained(tmp_path, answers, python) as project:
        with aws_lambda.started_from_zip(project, KEY, python) as url:
            assert suite.failed(suite.ask(project, url, KEY)) == []
