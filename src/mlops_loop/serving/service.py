"""The application core: what the service does, whichever web framework carries it."""

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress

import msgspec

from ..clock import Clock, SystemClock
from ..contract.decoder import Decoded, InvalidRequestBody
from ..contract.model import Contract
from ..errors import StoreError
from ..prediction_log import PredictionLog, Record
from .answers import Answer, answers, encode, variant_of
from .deployment import Deployment
from .identifiers import new_ids
from .labels import decode_labels
from .metrics import Metrics
from .openapi import ENTITY_HEADER
from .problem import Problem, refused, unavailable
from .response import Response
from .router import Router, Watcher
from .row_facts import entity_keys, event_times
from .slots import Slots

_KEY_LENGTH = 200
_PROBE_SECONDS = 1.0

Asked = tuple[bytes, str | None]


class PredictionService:
    """Answers requests with the models that a router holds, and keeps what it answered.

    Args:
        router: says which models serve.
        log: where predictions and labels are kept.
        contract: that of the project; it stands in until a model brings its own.
        max_rows: of one request.
        max_concurrency: requests at work at once; more are told to come back.
        watch_interval: seconds between two looks at the published pointer.
    """

    def __init__(
        self,
        router: Router,
        log: PredictionLog,
        contract: Contract,
        *,
        max_rows: int,
        max_concurrency: int,
        watch_interval: float,
        clock: Clock | None = None,
    ) -> None:
        self.router = router
        self.metrics = Metrics()
        self._log = log
        self._contract = contract
        self._max_rows = max_rows
        self.max_concurrency = max_concurrency
        self.slots = Slots(max_concurrency, self.metrics.at_work)
        self._clock = clock or SystemClock()
        self._watcher = Watcher(router, watch_interval)
        self._store_failure: StoreError | None = None

    def start(self) -> None:
        """Load what is published and follow it from now on."""
        self.router.refresh()
        self._watcher.start()

    def close(self) -> None:
        """Stop following, and write what the log still holds."""
        self._watcher.stop()
        self._log.close()

    @property
    def contract(self) -> Contract:
        """The contract that requests are held to."""
        deployment = self.router.deployment
        return deployment.contract if deployment else self._contract

    @property
    def backlog(self) -> int:
        """Predictions and labels that wait on this host for the log."""
        return self._log.backlog()

    def predict(self, body: bytes, entity_key: str | None = None) -> Response:
        """Predict the rows of a body; the answer may leave once its record is durable.

        Args:
            body: one JSON object of contract columns, or a list of them.
            entity_key: whom the rows are about; makes the split sticky, and erasure possible.

        Raises:
            Problem: 400, 413, 422, or 503 while no model is published.
        """
        deployment = self.deployed()
        if not _is_key(entity_key):
            raise Problem(400, f"{ENTITY_HEADER} should have 1 to {_KEY_LENGTH} characters")
        decoded = self._decode(deployment, body)
        if not decoded.rows:
            return Response(b"[]", variant=deployment.champion.role, note={"rows": 0})
        listed, recorded = self._answer(deployment, decoded, [entity_key] * len(decoded.rows))
        return _response(encode(listed, many=decoded.many), listed, recorded)

    def predict_together(self, asked: Sequence[Asked]) -> list[Response | Exception]:
        """The same for requests that came in together, in their order; no error spreads.

        One row costs little more than none once the model runs: the arrays of all plain rows are
        made, predicted and recorded in one go. A request with anything else to it goes alone.

        Args:
            asked: bodies and entity keys.
        """
        found: dict[int, Response] = {}
        deployment = self.router.deployment
        if deployment is not None and len(asked) > 1:
            plain = {
                place: row
                for place, (body, key) in enumerate(asked)
                if _is_key(key) and (row := deployment.decoder.plain_row(body)) is not None
            }
            keys = [asked[place][1] for place in plain]
            # Whose row it was that cannot be predicted shows when each is asked alone.
            with suppress(Exception):
                decoded = deployment.decoder.decode_batch(list(plain.values()))
                listed, recorded = self._answer(deployment, decoded, keys)
                found = {
                    place: _response(encode([answer], many=False), [answer], recorded)
                    for place, answer in zip(plain, listed, strict=True)
                }
        return [found.get(place) or self._alone(*each) for place, each in enumerate(asked)]

    def label(self, body: bytes) -> Response:
        """Keep labels durably and say what became of them.

        Raises:
            Problem: 400, 413 or 422.
            StoreError: if the log refuses.
        """
        try:
            labels = decode_labels(body, self.contract, self._clock.now(), self._max_rows)
        except InvalidRequestBody as error:
            raise refused(error) from error
        return Response(msgspec.json.encode(self._log.add_labels(labels)))

    def deployed(self) -> Deployment:
        """What serves now.

        Raises:
            Problem: 503 with the reason why nothing does.
        """
        deployment = self.router.deployment
        if deployment is None:
            reasons = [refusal.reason for refusal in self.router.rejections]
            detail = "; ".join(reasons) or "no model is published for this code yet: run `train`"
            raise unavailable(detail)
        return deployment

    def store_failed(self, error: StoreError) -> Problem:
        """The answer where the log refused; readiness says so until it accepts again."""
        self._store_failure = error
        return unavailable("predictions cannot be recorded just now, so none is given")

    @property
    def store_in_doubt(self) -> bool:
        """Whether the log failed and has not accepted anything since."""
        return self._store_failure is not None

    def require_store(self) -> None:
        """Raises Problem 503 if the log failed and still does; then it may take a second."""
        if not self.store_in_doubt:
            return
        try:
            self._log.append([]).result(_PROBE_SECONDS)
        except (StoreError, TimeoutError) as error:
            raise unavailable(f"the prediction log does not accept: {error}") from error
        self._store_failure = None

    def _alone(self, body: bytes, entity_key: str | None) -> Response | Exception:
        try:
            return self.predict(body, entity_key)
        except Exception as error:
            return error

    def _answer(
        self, deployment: Deployment, decoded: Decoded, given: Sequence[str | None]
    ) -> tuple[list[Answer], Future[None]]:
        """Answers to rows, and when their records are durable; `given` are the entity keys."""
        now = self._clock.now()
        ids = new_ids(now, len(decoded.rows))
        entities = entity_keys(deployment.contract, decoded, given)
        keys = [entity or own for entity, own in zip(entities, ids, strict=True)]
        outputs = deployment.predict(decoded.columns, keys)
        listed = answers(ids, outputs, deployment.class_names, decoded.warnings)
        moments = event_times(deployment.contract, decoded, now)
        parts = zip(ids, entities, moments, decoded.rows, outputs, strict=True)
        schema = deployment.contract.schema_digest
        recorded = self._log.append(
            [
                Record(own, entity, moment, now, row, out, schema)
                for own, entity, moment, row, out in parts
            ]
        )
        self.metrics.count_rows(outputs, decoded.warnings, deployment)
        return listed, recorded

    def _decode(self, deployment: Deployment, body: bytes) -> Decoded:
        try:
            return deployment.decoder.decode(body, self._max_rows)
        except InvalidRequestBody as error:
            raise refused(error) from error


def _is_key(entity_key: str | None) -> bool:
    return entity_key is None or 0 < len(entity_key) <= _KEY_LENGTH


def _response(content: bytes, listed: Sequence[Answer], recorded: Future[None]) -> Response:
    return Response(
        content,
        recorded=recorded,
        variant=variant_of(listed),
        note={"rows": len(listed), "prediction_id": listed[0].prediction_id},
    )
