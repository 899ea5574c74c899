"""The project: where it is, and what belongs to it. Serving imports this module and no more."""

from pathlib import Path

from mlops_loop import Project

from .features import FEATURES

ROOT = Path(__file__).parents[2]

project = Project(ROOT, package=__package__, features=FEATURES)
