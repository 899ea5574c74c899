"""Environment variables of this process, for libraries that are configured in no other way.

The library sets none on import: the command line calls these functions before it runs a command,
and so should any other program that starts a process. `disable_telemetry` is also called before
the first model is loaded, whatever loads it. What the environment already says wins.
"""

import os


def disable_telemetry() -> None:
    """Disable the telemetry of ONNX Runtime, MLflow and Evidently.

    They read these variables when they are imported, so call it before anything imports them.

    Examples:
        >>> from mlops_loop._process_environment import disable_telemetry
        >>> disable_telemetry()
        >>> os.environ["DO_NOT_TRACK"]
        '1'
    """
    for name in ("ORT_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        os.environ.setdefault(name, "1")


def keep_standard_output_for_commands() -> None:
    """Stop MLflow from printing two addresses for every run that ends on a tracking server."""
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")


def let_waiting_threads_sleep() -> None:
    """Make OpenMP threads that wait sleep: spinning ones slow down whatever shares the cores.

    OpenMP reads this when it is loaded, with scikit-learn, LightGBM or XGBoost.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
