"""Train, serve, monitor and retrain one model."""

from .feature_set import FeatureSet
from .project import Project
from .settings import Settings

__all__ = ["FeatureSet", "Project", "Settings"]
