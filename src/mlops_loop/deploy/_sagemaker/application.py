"""The routes that SageMaker asks for, around a FastAPI or Flask application."""

from collections.abc import Mapping
from typing import Any

from ...contract._model import Contract
from ...serving._asgi import is_asgi
from ...serving._caller import Caller
from ...serving._service import PredictionService
from .._application import service_of
from .invocation import ATTRIBUTES_HEADER, Invocation

# SageMaker admits callers of `/invocations` by IAM, and asks for no other route.
CALLER = Caller("SageMaker", frozenset({"predict"}))


class Gateway:
    """What the two frameworks share: invocations, limits, and the answers of the adapter's own.

    Args:
        service: the service of the application.
        parameters: body of `/execution-parameters`.
    """

    def __init__(self, service: PredictionService, parameters: bytes) -> None:
        self._service = service
        self.parameters = parameters

    @property
    def max_body_bytes(self) -> int:
        """Size of a body (limit)."""
        return self._service.project.settings.serving.max_body_bytes

    def invocation(self, headers: Mapping[str, str]) -> Invocation:
        """A request to `/invocations` with these headers, by their names in lower case."""
        return Invocation(
            headers.get("content-type", ""),
            headers.get("accept", ""),
            headers.get(ATTRIBUTES_HEADER.lower(), ""),
            self._contract.inputs,
        )

    @property
    def _contract(self) -> Contract:
        deployment = self._service.deployments.deployment
        return deployment.contract if deployment else self._service.project.contract


def sagemaker_application(app: Any, *, parameters: bytes = b"{}") -> Any:
    """An application that answers `/ping` and `/invocations` as well, through its own routes."""
    gateway = Gateway(service_of(app), parameters)
    if is_asgi(app):
        from .fastapi import SageMakerAsgi

        return SageMakerAsgi(app, gateway)
    from .flask import SageMakerWsgi

    return SageMakerWsgi(app, gateway)
