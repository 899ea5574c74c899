"""The flights project, in the folder that `FASTAPI_APP__ROOT` names."""

from pathlib import Path

from flights.features import FEATURES

from mlops_loop import Project

project = Project(Path.cwd(), package="fastapi_app", features=FEATURES)
