"""Train, serve, monitor and retrain one model."""

from typing import TYPE_CHECKING

from ._lazy_exports import lazy_exports

if TYPE_CHECKING:
    from ._composition import Composition
    from ._feature_set import FeatureSet
    from ._predictor import Prediction
    from ._project import Project
    from ._settings import Section, Settings
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "Composition": "_composition",
            "FeatureSet": "_feature_set",
            "Prediction": "_predictor",
            "Project": "_project",
            "Section": "_settings",
            "Settings": "_settings",
        },
    )

__all__ = ["Composition", "FeatureSet", "Prediction", "Project", "Section", "Settings"]
