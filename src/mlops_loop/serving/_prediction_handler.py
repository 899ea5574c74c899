"""From the body of a request to a recorded prediction or label.

The order of a prediction, and where each step is:

1. validate the body: `contract/_decoder.py`, or `contract/_check.py` where something is wrong,
2. identify the rows: `_identified_rows.py`; check their event times: `contract/_lead_time.py`,
3. run the project's `before_predict` hooks: `_prediction_hooks.py`,
4. compute features, encode, run the model: `_deployment.py`, which calls `_predictor.py` and the
   project's `after_predict` hooks,
5. encode the response: `_prediction_response.py`,
6. record: `prediction_log/_writer.py` (group commit), behind `_spool.py` if the address names one,
7. send the response when the record is durable: `fastapi/_routers.py`, `fastapi/_micro_batcher.py`
   for requests that arrived together, `flask/_blueprints.py`.

`PredictionHandler.predict` shows the order: `_validate` is step 1, `_predict_rows` 2 to 4, and
`_record` 6.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple

import msgspec

from .._clock import Clock
from .._prediction_hooks import PredictionHooks
from ..contract._columns import to_rows
from ..contract._decoder import Decoded, InvalidRequestBody
from ..contract._lead_time import lead_time_violations
from ..contract._model import Contract
from ..contract._violations import Violation
from ..errors import NotKeptError, PredictionError
from ..prediction_log import Output, PredictionLog, Record
from ._caller import Caller
from ._deployment import Deployment
from ._deployment_manager import DeploymentManager
from ._headers import ENTITY_HEADER
from ._identified_rows import IdentifiedRows
from ._labels import ID_LENGTH, decode_labels
from ._metrics import Metrics
from ._prediction_response import PredictionResponse, encode, prediction_responses, variant_of
from ._problem import Problem, invalid_body, unavailable
from ._response import ServiceResponse

NO_LABELS = "this service keeps neither predictions nor labels"
NOTHING_PUBLISHED = "no model is published for this code yet: run `train`"


class PendingRequest(NamedTuple):
    """A request for predictions that waits for its batch.

    `caller` is the name of who sent it.
    """

    body: bytes
    entity_key: str | None
    caller: str = ""


class Predicted(NamedTuple):
    """Predictions of rows that are not recorded yet."""

    responses: list[PredictionResponse]
    records: list[Record]
    outputs: Sequence[tuple[Output, ...]]
    warnings: Sequence[Violation]


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
        decoded = self._validate(deployment, request)
        if not decoded.rows:
            return ServiceResponse(b"[]", variant=deployment.champion.role, log_fields={"rows": 0})
        predicted = self._predict_rows(deployment, decoded, [request] * len(decoded.rows))
        body = encode(predicted.responses, many=decoded.many)
        return _respond(body, predicted.responses, self._record(deployment, predicted))

    def predict_batch(
        self, requests: Sequence[PendingRequest]
    ) -> list[ServiceResponse | Exception]:
        """The same for requests that arrived together, in their order; errors stay separate.

        A model takes little longer for many rows than for one, so all plain rows are decoded,
        predicted and recorded at once. Any other request is handled by itself.
        """
        responses: dict[int, ServiceResponse | Exception] = {}
        deployment = self._deployments.deployment
        if deployment is not None and len(requests) > 1:
            plain = {
                number: row
                for number, request in enumerate(requests)
                if _is_valid(request.entity_key)
                and (row := deployment.decoder.plain_row(request.body)) is not None
            }
            responses = self._predict_plain(deployment, plain, requests)
        return [
            responses.get(number) or self._predict_single(request)
            for number, request in enumerate(requests)
        ]

    def label(self, body: bytes, caller: Caller) -> ServiceResponse:
        """Record labels durably and report how many joined their prediction.

        Args:
            body: JSON, one label or a list of them.
            caller: who gives them.

        Raises:
            Problem: 400, 413 or 422; 409 if nothing is kept (`prediction_log: none`).
            StoreError: if the log does not accept them.
        """
        try:
            labels = decode_labels(
                body,
                self.contract,
                self._clock.now(),
                self._max_rows,
                caller.name,
                official=caller.is_official,
            )
        except InvalidRequestBody as error:
            raise invalid_body(error) from error
        try:
            return ServiceResponse(msgspec.json.encode(self._log.add_labels(labels)))
        except NotKeptError as error:
            raise Problem(409, NO_LABELS) from error

    def require_deployment(self) -> Deployment:
        """What serves now.

        Raises:
            Problem: 503 with the reason why nothing does.
        """
        deployment = self._deployments.deployment
        if deployment is None:
            reasons = [failure.reason for failure in self._deployments.failures]
            raise unavailable("; ".join(reasons) or NOTHING_PUBLISHED)
        return deployment

    def _predict_plain(
        self,
        deployment: Deployment,
        rows: dict[int, tuple[object, ...]],
        requests: Sequence[PendingRequest],
    ) -> dict[int, ServiceResponse | Exception]:
        """Responses to requests of one row each; none if one of the rows cannot be predicted.

        Which one it is shows when each is handled by itself: so far, nothing is recorded.
        """
        try:
            decoded = deployment.decoder.decode_batch(list(rows.values()))
            senders = [requests[number] for number in rows]
            predicted = self._predict_rows(deployment, decoded, senders)
            bodies = [encode([response], many=False) for response in predicted.responses]
        except Exception:
            return {}
        try:
            recorded = self._record(deployment, predicted)
        except Exception as error:
            return dict.fromkeys(rows, error)
        return {
            number: _respond(body, [response], recorded)
            for number, body, response in zip(rows, bodies, predicted.responses, strict=True)
        }

    def _predict_single(self, request: PendingRequest) -> ServiceResponse | Exception:
        try:
            return self.predict(request)
        except Exception as error:
            return error

    def _predict_rows(
        self, deployment: Deployment, decoded: Decoded, senders: Sequence[PendingRequest]
    ) -> Predicted:
        """Predict validated rows, each sent by a request."""
        contract = deployment.contract
        entity_keys = [request.entity_key for request in senders]
        identified = IdentifiedRows.of(contract, decoded, entity_keys, self._clock.now())
        warnings = _check_lead_time(contract, identified, decoded)
        columns, rows = decoded.columns, decoded.rows
        if self._hooks.before:
            columns = self._hooks.prepare(columns)
            rows = to_rows(contract.inputs, columns)
        try:
            outputs = deployment.predict(columns, identified.split_keys)
        except PredictionError as error:
            raise Problem(422, str(error)) from error
        records = identified.records(
            rows, outputs, contract, [request.caller for request in senders]
        )
        responses = prediction_responses(
            identified.prediction_ids, outputs, deployment.class_names, warnings
        )
        return Predicted(responses, records, outputs, warnings)

    def _record(self, deployment: Deployment, predicted: Predicted) -> Future[None]:
        """Record and count predictions; the future is done when the records are durable."""
        recorded = self._log.append(predicted.records)
        self._metrics.count_rows(predicted.outputs, predicted.warnings, deployment)
        return recorded

    def _validate(self, deployment: Deployment, request: PendingRequest) -> Decoded:
        if not _is_valid(request.entity_key):
            raise Problem(400, f"{ENTITY_HEADER} should have 1 to {ID_LENGTH} characters")
        try:
            return deployment.decoder.decode(request.body, self._max_rows)
        except InvalidRequestBody as error:
            raise invalid_body(error) from error


def _check_lead_time(
    contract: Contract, identified: IdentifiedRows, decoded: Decoded
) -> Sequence[Violation]:
    """The warnings of decoded rows, those about their event times among them.

    Raises:
        Problem: 422 if the contract rejects an event time.
    """
    violations = lead_time_violations(contract, identified.event_times, identified.arrival)
    if violations and contract.lead_time.on_violation == "reject":
        raise invalid_body(InvalidRequestBody("event times in the future", violations))
    return (*decoded.warnings, *violations) if violations else decoded.warnings


def _is_valid(entity_key: str | None) -> bool:
    return entity_key is None or 0 < len(entity_key) <= ID_LENGTH


def _respond(
    body: bytes, responses: Sequence[PredictionResponse], recorded: Future[None]
) -> ServiceResponse:
    return ServiceResponse(
        body,
        recorded,
        variant_of(responses),
        {"rows": len(responses), "prediction_id": responses[0].prediction_id},
    )
