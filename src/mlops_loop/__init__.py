"""Train, serve, monitor and retrain one model."""

import os

from .feature_set import FeatureSet
from .project import Project
from .settings import Settings

__all__ = ["FeatureSet", "Project", "Settings"]

# ONNX Runtime, MLflow and Evidently report their use to their makers. Models and data are nobody
# else's business, so they are told not to before anything imports them; what is set already wins.
for _variable in ("ORT_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
    os.environ.setdefault(_variable, "1")
