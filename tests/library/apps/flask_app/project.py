"""The flights project, in the folder that `FLASK_APP__ROOT` names."""

from pathlib import Path

from flights.features import FEATURES

from mlops_loop import Project

project = Project(Path.cwd(), package="flask_app", features=FEATURES)
