"""What the service says about itself."""

from typing import Any

from ..monitoring_status import MonitoringStatus
from .deployment import Variant
from .service import PredictionService


def model(service: PredictionService, verdict: MonitoringStatus | None) -> dict[str, Any]:
    """Answer of `GET /model`; both versions are null while nothing is published.

    Args:
        verdict: the last of monitoring, told if there is one.
    """
    deployment = service.router.deployment
    return {
        "champion": _variant(deployment.champion) if deployment else None,
        "challenger": _variant(deployment.challenger) if deployment else None,
        "mode": deployment.mode if deployment else None,
        "share": deployment.share if deployment else None,
        **({"monitoring": verdict} if verdict else {}),
    }


def ready(service: PredictionService) -> dict[str, Any]:
    """Answer of `GET /health/ready`; versions that were refused are named beside what serves.

    Raises:
        Problem: 503 with the reason, while requests for predictions would be refused.
    """
    deployment = service.deployed()
    service.require_store()
    return {
        "status": "ready",
        "champion": deployment.champion.version,
        "challenger": deployment.challenger.version if deployment.challenger else None,
        "refused": [refusal.reason for refusal in service.router.rejections],
    }


def exposition(service: PredictionService, verdict: MonitoringStatus | None) -> bytes:
    """Answer of `GET /metrics`."""
    return service.metrics.exposition(
        service.router.deployment, len(service.router.rejections), service.backlog, verdict
    )


def _variant(variant: Variant | None) -> dict[str, Any] | None:
    if variant is None:
        return None
    manifest = variant.predictor.manifest
    return {
        "version": manifest.version,
        "candidate": manifest.candidate,
        "created": manifest.created,
        "trained_until": manifest.trained_until,
        "metrics": manifest.metrics,
    }
