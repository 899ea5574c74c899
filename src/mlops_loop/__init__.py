"""Train, serve, monitor and retrain one model."""

from typing import TYPE_CHECKING

from .lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .composition import Composition
    from .feature_set import FeatureSet
    from .predictor import Prediction
    from .project import Project
    from .settings import Section, Settings
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "Composition": "composition",
            "FeatureSet": "feature_set",
            "Prediction": "predictor",
            "Project": "project",
            "Section": "settings",
            "Settings": "settings",
        },
    )

__all__ = ["Composition", "FeatureSet", "Prediction", "Project", "Section", "Settings"]
