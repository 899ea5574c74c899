"""The flights project, in the folder that `MLOPS_LOOP_ROOT` names."""

from pathlib import Path

from flights.features import FEATURES

from mlops_loop import Project, project_root

project = Project(project_root(Path.cwd()), package="fastapi_app", name="Late Flights", features=FEATURES)
