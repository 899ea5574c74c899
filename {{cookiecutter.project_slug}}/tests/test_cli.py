"""Your command line."""

from click.testing import CliRunner

from {{ cookiecutter.package_name }}.cli import cli, load
from {{ cookiecutter.package_name }}.monitoring import MONITORING
from {{ cookiecutter.package_name }}.pipeline import PIPELINE
from {{ cookiecutter.package_name }}.project import project


def test_the_commands_are_listed() -> None:
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    assert {"ingest", "train", "serve", "monitor", "loop"} <= set(result.output.split())


def test_the_commands_work_on_your_project() -> None:
    composition = load()
    assert composition.project is project
    assert composition.pipeline() is PIPELINE
    assert composition.monitoring() is MONITORING
