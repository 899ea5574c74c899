"""The project: where it is and what belongs to it."""

from pathlib import Path

from mlops_loop import Project

from .features import FEATURES

project = Project(Path(__file__).parents[2], package="flights", features=FEATURES)
