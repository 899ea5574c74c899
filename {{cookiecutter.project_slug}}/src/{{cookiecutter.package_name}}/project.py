"""The project: its folder, features and hooks. Serving imports it: keep training out of here."""

from pathlib import Path

from mlops_loop import Project

from .features import FEATURES

ROOT = Path(__file__).parents[2]

project = Project(ROOT, package=__package__, features=FEATURES)
