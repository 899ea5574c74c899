"""Projects of the tests: the flights project in any folder, with other settings or features."""

from pathlib import Path

from flights.cli import load_monitoring
from flights.features import FEATURES

from mlops_loop import Composition, FeatureSet, Project, Settings
from mlops_loop.cli import command_line
from mlops_loop.clock import Clock

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


# The command line, on the project in the current folder.
cli = command_line(lambda: Composition(project_in(Path.cwd()), monitoring=load_monitoring))
