"""Bodies of the endpoints that report on the service."""

from collections.abc import Callable
from typing import Any

from .._monitoring_status import MonitoringStatus
from ._deployment import Deployment, ServedVersion
from ._deployment_manager import DeploymentManager


def model(
    deployments: DeploymentManager, status: MonitoringStatus | None, reports: str | None
) -> dict[str, Any]:
    """Body of `GET /model`; all versions are null while nothing is published.

    While the champion is on probation, `previous` is the champion before it.

    Args:
        status: result of the last monitoring run, included if there is one.
        reports: URL of the reports, included if there is one.
    """
    deployment = deployments.deployment
    return {
        "champion": _described(deployment.champion) if deployment else None,
        **{role: _described(version) for role, version in _others(deployment).items()},
        "mode": deployment.mode if deployment else None,
        "share": deployment.share if deployment else None,
        "target": deployment.contract.target_summary if deployment else None,
        **({"monitoring": status} if status else {}),
        **({"reports": reports} if reports else {}),
    }


def ready(deployments: DeploymentManager, publish: Callable[[str], str]) -> dict[str, Any]:
    """Body of `GET /health/ready`: what serves, and the reasons why newer versions do not.

    Args:
        deployments: what serves, and what failed.
        publish: leaves out of a reason what callers without an API key should not read.
    """
    deployment = deployments.deployment
    return {
        "status": "ready",
        "champion": deployment.champion.version if deployment else None,
        **{role: each and each.version for role, each in _others(deployment).items()},
        "rejected": [publish(failure.reason) for failure in deployments.failures],
    }


def _others(deployment: Deployment | None) -> dict[str, ServedVersion | None]:
    """The version beside the champion, under the name of its role."""
    other = deployment.challenger if deployment else None
    probation = deployment is not None and deployment.probation
    return {"challenger": None if probation else other, "previous": other if probation else None}


def _described(served: ServedVersion | None) -> dict[str, Any] | None:
    if served is None:
        return None
    manifest = served.predictor.manifest
    return {
        "version": manifest.version,
        "candidate": manifest.candidate,
        "created": manifest.created,
        "trained_until": manifest.trained_until,
        "metrics": manifest.metrics,
    }
