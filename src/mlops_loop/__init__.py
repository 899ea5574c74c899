"""Train, serve, watch and retrain one model; see README.md for the commands."""

import os

# ONNX Runtime, MLflow and Evidently report their use to their makers. Models and data are nobody
# else's business, so they are told not to before anything imports them; what is set already wins.
for _variable in ("ORT_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
    os.environ.setdefault(_variable, "1")
