"""Projects of the tests: the flights project in any folder, with other settings or features."""

from collections.abc import Callable
from pathlib import Path

import click
from flights.cli import load_monitoring, load_pipeline
from flights.features import FEATURES

from mlops_loop import Composition, FeatureSet, Project, Settings
from mlops_loop._clock import Clock
from mlops_loop._composition import Pipeline
from mlops_loop.cli import command_line

# Prefix of the environment variables that override settings.
ENV_PREFIX = "FLIGHTS__"


def project_in(
    root: Path,
    clock: Clock | None = None,
    *,
    settings: Settings | None = None,
    features: FeatureSet = FEATURES,
) -> Project:
    """The project whose configuration is in a folder."""
    project = Project(root, package="flights", features=features, clock=clock)
    if settings is not None:
        project.settings = settings
    return project


def cli_with(pipeline: Callable[[], Pipeline]) -> click.Group:
    """The command line, on the project in the current folder, with another pipeline."""
    return command_line(lambda: Composition(project_in(Path.cwd()), pipeline, load_monitoring))


# The command line, on the project in the current folder.
cli = cli_with(load_pipeline)
