"""What a deployment manager answers, and a clock that tests move."""

from mlops_loop.contract._columns import Columns
from mlops_loop.prediction_log._records import Output
from mlops_loop.serving._deployment_manager import DeploymentManager


class Seconds:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.value = 0.0

    def __call__(self) -> float:
        return self.value


def answered(deployments: DeploymentManager, columns: Columns) -> list[tuple[Output, ...]]:
    assert deployments.deployment is not None
    keys = [f"customer {number}" for number in range(len(columns["price"]))]
    return deployments.deployment.predict(columns, keys)


def reasons(deployments: DeploymentManager) -> str:
    return "; ".join(failure.reason for failure in deployments.failures)
