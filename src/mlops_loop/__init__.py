"""Train, serve, monitor and retrain one model."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .composition import Composition
    from .feature_set import FeatureSet
    from .project import Project
    from .settings import Settings

__all__ = ["Composition", "FeatureSet", "Project", "Settings"]


def __getattr__(name: str) -> object:
    """Import the public names on first use, so that `--help` does not wait for pydantic."""
    if name == "Composition":
        from .composition import Composition

        return Composition
    if name == "FeatureSet":
        from .feature_set import FeatureSet

        return FeatureSet
    if name == "Project":
        from .project import Project

        return Project
    if name == "Settings":
        from .settings import Settings

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
