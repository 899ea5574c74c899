"""From the body of a request to a recorded prediction or label."""

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import NamedTuple

import msgspec

from ..clock import Clock
from ..contract.columns import to_rows
from ..contract.decoder import Decoded, InvalidRequestBody
from ..contract.model import Contract
from ..prediction_hooks import PredictionHooks
from ..prediction_log import PredictionLog, Record
from .deployment import Deployment
from .deployment_manager import DeploymentManager
from .identifiers import new_ids
from .labels import decode_labels
from .metrics import Metrics
from .openapi import ENTITY_HEADER
from .prediction_response import PredictionResponse, encode, prediction_responses, variant_of
from .problem import Problem, invalid_body, unavailable
from .response import ServiceResponse
from .row_metadata import entity_keys, event_times

_KEY_LENGTH = 200


class PendingRequest(NamedTuple):
    """A request for predictions that waits for its batch."""

    body: bytes
    entity_key: str | None


class PredictionHandler:
    """Predicts with what a deployment manager holds, and records what is answered.

    Args:
        deployments: the versions that serve.
        log: keeps predictions and labels.
        contract: the project's; it applies until a version brings its own.
        hooks: pre- and post-processing of the project.
        max_rows: rows in one request (limit).
    """

    def __init__(
        self,
        deployments: DeploymentManager,
        log: PredictionLog,
        contract: Contract,
        *,
        hooks: PredictionHooks,
        metrics: Metrics,
        clock: Clock,
        max_rows: int,
    ) -> None:
        self._deployments = deployments
        self._log = log
        self._contract = contract
        self._hooks = hooks
        self._metrics = metrics
        self._clock = clock
        self._max_rows = max_rows

    @property
    def contract(self) -> Contract:
        """The contract that requests are checked against."""
        deployment = self._deployments.deployment
        return deployment.contract if deployment else self._contract

    def predict(self, request: PendingRequest) -> ServiceResponse:
        """Predict the rows of a body: one JSON object of contract columns, or a list of them.

        Raises:
            Problem: 400, 413, 422, or 503 while no model is published.
        """
        deployment = self.require_deployment()
        if not _is_valid(request.entity_key):
            raise Problem(400, f"{ENTITY_HEADER} should have 1 to {_KEY_LENGTH} characters")
        decoded = self._decode(deployment, request.body)
        if not decoded.rows:
            return ServiceResponse(b"[]", variant=deployment.champion.role, log_fields={"rows": 0})
        keys = [request.entity_key] * len(decoded.rows)
        responses, recorded = self._predict_rows(deployment, decoded, keys)
        return _response(responses, recorded, many=decoded.many)

    def predict_batch(
        self, requests: Sequence[PendingRequest]
    ) -> list[ServiceResponse | Exception]:
        """The same for requests that arrived together, in their order; errors stay separate.

        A model takes little longer for many rows than for one, so all plain rows are decoded,
        predicted and recorded at once. Any other request is handled by itself.
        """
        responses: dict[int, ServiceResponse] = {}
        deployment = self._deployments.deployment
        if deployment is not None and len(requests) > 1:
            plain = {
                number: row
                for number, (body, key) in enumerate(requests)
                if _is_valid(key) and (row := deployment.decoder.plain_row(body)) is not None
            }
            # Which row cannot be predicted shows when each is handled by itself.
            with suppress(Exception):
                responses = self._predict_plain(deployment, plain, requests)
        return [
            responses.get(number) or self._predict_single(request)
            for number, request in enumerate(requests)
        ]

    def label(self, body: bytes) -> ServiceResponse:
        """Record labels durably and report how many joined their prediction.

        Raises:
            Problem: 400, 413 or 422.
            StoreError: if the log does not accept them.
        """
        try:
            labels = decode_labels(body, self.contract, self._clock.now(), self._max_rows)
        except InvalidRequestBody as error:
            raise invalid_body(error) from error
        return ServiceResponse(msgspec.json.encode(self._log.add_labels(labels)))

    def require_deployment(self) -> Deployment:
        """What serves now.

        Raises:
            Problem: 503 with the reason why nothing does.
        """
        deployment = self._deployments.deployment
        if deployment is None:
            reasons = [failure.reason for failure in self._deployments.failures]
            detail = "; ".join(reasons) or "no model is published for this code yet: run `train`"
            raise unavailable(detail)
        return deployment

    def _predict_plain(
        self,
        deployment: Deployment,
        rows: dict[int, tuple[object, ...]],
        requests: Sequence[PendingRequest],
    ) -> dict[int, ServiceResponse]:
        decoded = deployment.decoder.decode_batch(list(rows.values()))
        keys = [requests[number].entity_key for number in rows]
        responses, recorded = self._predict_rows(deployment, decoded, keys)
        return {
            number: _response([response], recorded, many=False)
            for number, response in zip(rows, responses, strict=True)
        }

    def _predict_single(self, request: PendingRequest) -> ServiceResponse | Exception:
        try:
            return self.predict(request)
        except Exception as error:
            return error

    def _predict_rows(
        self, deployment: Deployment, decoded: Decoded, given: Sequence[str | None]
    ) -> tuple[list[PredictionResponse], Future[None]]:
        """Responses for rows, and when their records are durable; `given` are entity keys."""
        now = self._clock.now()
        ids = new_ids(now, len(decoded.rows))
        contract = deployment.contract
        entities = entity_keys(contract, decoded, given)
        keys = [entity or own for entity, own in zip(entities, ids, strict=True)]
        columns, rows = decoded.columns, decoded.rows
        if self._hooks.before:
            columns = self._hooks.prepare(columns)
            rows = to_rows(contract.inputs, columns)
        outputs = deployment.predict(columns, keys)
        responses = prediction_responses(ids, outputs, deployment.class_names, decoded.warnings)
        times = event_times(contract, decoded, now)
        parts = zip(ids, entities, times, rows, outputs, strict=True)
        digests = contract.schema_digest, contract.target_digest
        recorded = self._log.append(
            [
                Record(own, entity, time, now, row, out, *digests)
                for own, entity, time, row, out in parts
            ]
        )
        self._metrics.count_rows(outputs, decoded.warnings, deployment)
        return responses, recorded

    def _decode(self, deployment: Deployment, body: bytes) -> Decoded:
        try:
            return deployment.decoder.decode(body, self._max_rows)
        except InvalidRequestBody as error:
            raise invalid_body(error) from error


def _is_valid(entity_key: str | None) -> bool:
    return entity_key is None or 0 < len(entity_key) <= _KEY_LENGTH


def _response(
    responses: Sequence[PredictionResponse], recorded: Future[None], *, many: bool
) -> ServiceResponse:
    return ServiceResponse(
        encode(responses, many=many),
        recorded,
        variant_of(responses),
        {"rows": len(responses), "prediction_id": responses[0].prediction_id},
    )
