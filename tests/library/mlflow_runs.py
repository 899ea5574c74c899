"""Runs that tests begin in MLflow."""

from mlops_loop.registry._mlflow_registry import Registry


def start_run(registry: Registry, name: str = "a run") -> str:
    """Begin a run; returns its id."""
    tracking = registry.tracking
    run = tracking.client.create_run(tracking.experiment_id, run_name=name)
    return str(run.info.run_id)
