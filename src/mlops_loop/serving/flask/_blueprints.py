"""The library's routes: ordinary views of Flask."""

import msgspec
from flask import Blueprint, Response, g, request

from .._headers import ENTITY_HEADER
from .._metrics import MEDIA_TYPE
from .._prediction_handler import PendingRequest
from .._request_lifecycle import require_json, too_large, without_bom
from .._response import JSON, SHORT_BODY, ServiceResponse
from .._service import PredictionService
from ._caller import current_caller
from ._documentation import described_as
from ._micro_batcher import MicroBatcher


def prediction_blueprint(service: PredictionService) -> Blueprint:
    """`POST /predict`, `POST /labels` and `GET /model`.

    Callers need the scopes `predict` and `label`; any caller may read `/model`. Bodies are one JSON
    object or a list of them; `/predict` answers one prediction, or a list in the order of the rows.
    Errors are raised as `Problem`: 400 (not JSON), 401 (no API key), 403 (a scope is missing), 413
    (too many rows), 415 (not declared as JSON), 422 (the contract is violated), 503 (no model, too
    many requests in flight, or the prediction log is unavailable).

    Examples:
        >>> from flask import Flask
        >>> app = Flask("shop")
        >>> add_request_lifecycle(app, service)
        >>> add_error_handlers(app, service)
        >>> app.register_blueprint(prediction_blueprint(service))
        >>> app.test_client().post("/predict", json={}).status_code  # without an API key
        401
        >>> service.close()
    """
    blueprint = Blueprint("predictions", __name__)
    batcher = MicroBatcher(service.predict_batch)

    @blueprint.post("/predict", provide_automatic_options=False)
    @described_as("/predict")
    def predict() -> Response:
        caller = current_caller(service, "predict")
        pending = PendingRequest(_read(service), request.headers.get(ENTITY_HEADER), caller.name)
        with service.limiter:
            if len(pending.body) <= SHORT_BODY:
                response = batcher.submit(pending)
            else:
                response = service.predict(pending)
            if response.recorded is not None:
                response.recorded.result()
        return _to_http(response)

    @blueprint.post("/labels", provide_automatic_options=False)
    @described_as("/labels")
    def labels() -> Response:
        caller = current_caller(service, "label")
        body = _read(service)
        with service.limiter:
            return _to_http(service.label(body, caller))

    @blueprint.get("/model")
    @described_as("/model")
    def model() -> Response:
        current_caller(service)
        return _json(service.model())

    return blueprint


def operations_blueprint(service: PredictionService) -> Blueprint:
    """`GET /health/live`, `GET /health/ready` and `GET /metrics`.

    Health checks are public; metrics need the scope `metrics`. Ready answers 503 (`Problem`) with
    the reason while requests for predictions would fail.

    Examples:
        >>> from flask import Flask
        >>> app = Flask("shop")
        >>> app.register_blueprint(operations_blueprint(service))
        >>> app.test_client().get("/health/live").get_json()
        {'status': 'live'}
    """
    blueprint = Blueprint("operations", __name__)

    @blueprint.get("/health/live")
    @described_as("/health/live")
    def live() -> Response:
        return _json({"status": "live"})

    @blueprint.get("/health/ready")
    @described_as("/health/ready")
    def ready() -> Response:
        return _json(service.ready())

    @blueprint.get("/metrics")
    @described_as("/metrics")
    def metrics() -> Response:
        current_caller(service, "metrics")
        return Response(service.metrics_text(), content_type=MEDIA_TYPE)

    return blueprint


def _read(service: PredictionService) -> bytes:
    """The body of a request; Problem 413 if it is too large, 415 if it is not plain JSON."""
    require_json(request.headers.get("Content-Type"), request.headers.get("Content-Encoding"))
    body = request.get_data(cache=True)
    limit = service.project.settings.serving.max_body_bytes
    if len(body) > limit:
        raise too_large(limit)
    return without_bom(body)


def _to_http(response: ServiceResponse) -> Response:
    if context := g.get("request_context"):
        context.describe(response)
    return Response(response.content, content_type=JSON)


def _json(content: object) -> Response:
    return Response(msgspec.json.encode(content), content_type=JSON)
