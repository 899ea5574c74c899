"""The OpenAPI document, made from the contract; every adapter serves the same one."""

from ..contract.json_schema import example_row
from ..contract.model import Contract, UnknownFields
from .openapi_schemas import Document, schemas
from .problem import MEDIA_TYPE as PROBLEM

KEY_HEADER = "X-API-Key"
ENTITY_HEADER = "X-Entity-Key"

_JSON = "application/json"
_VERSION = "0.1.0"
_REFUSALS = (400, 413, 415, 422, 503)
_SUMMARIES = {
    "/model": "The versions in service",
    "/health/live": "The process works",
    "/health/ready": "Requests for predictions will be answered",
    "/metrics": "Metrics for Prometheus",
}


def document(
    contract: Contract, *, title: str, secured: bool, unknown_fields: UnknownFields = "reject"
) -> Document:
    """OpenAPI 3.1 of the whole service.

    Args:
        contract: what rows and labels look like.
        secured: whether callers need an API key.
        unknown_fields: what is done with fields of a row that the contract does not know.
    """
    scheme = {"type": "apiKey", "in": "header", "name": KEY_HEADER}
    security: list[Document] = [{"ApiKey": []}] if secured else []
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": _VERSION},
        "paths": {
            "/predict": {"post": _predict(contract, security)},
            "/labels": {"post": _labels(contract, security)},
            **{path: {"get": _get(path, security)} for path in _SUMMARIES},
        },
        "components": {
            "schemas": schemas(contract, unknown_fields),
            **({"securitySchemes": {"ApiKey": scheme}} if secured else {}),
        },
    }


def merged(document: Document, other: Document) -> Document:
    """A document with the paths and schemas of another one before its own."""
    paths = {**other.get("paths", {}), **document["paths"]}
    own = document["components"]
    schemas = {**other.get("components", {}).get("schemas", {}), **own["schemas"]}
    return {**document, "paths": paths, "components": {**own, "schemas": schemas}}


def _predict(contract: Contract, security: list[Document]) -> Document:
    entity = {
        "name": ENTITY_HEADER,
        "in": "header",
        "required": False,
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        "description": "Whom the rows are about: the same key always meets the same variant",
    }
    row = example_row(contract)
    examples = {
        "one row": {"value": row},
        "a list of rows": {"value": [row, row]},
    }
    return {
        "operationId": "predict",
        "summary": "Predict one row, or a list of rows",
        "parameters": [entity],
        "requestBody": _body("Row", {"examples": examples}),
        "responses": {
            "200": _answer("Predictions in the order of the rows", _one_or_many("Prediction")),
            **_problems(*_REFUSALS, *_unauthorized(security)),
        },
        "security": security,
    }


def _labels(contract: Contract, security: list[Document]) -> Document:
    example = {
        "prediction_id": "01890a5d-ac96-774b-bcce-b302099a8057",
        "label": contract.classes[-1] if contract.classes else 0.0,
    }
    return {
        "operationId": "label",
        "summary": "Tell what became of one prediction, or of a list of them",
        "requestBody": _body("Label", {"example": example}),
        "responses": {
            "200": _answer("What became of the labels", _ref("LabelReport")),
            **_problems(*_REFUSALS, *_unauthorized(security)),
        },
        "security": security,
    }


def _get(path: str, security: list[Document]) -> Document:
    open_to_all = path.startswith("/health")
    media = "text/plain" if path == "/metrics" else _JSON
    wanted = (*(_unauthorized(security) if not open_to_all else ()),)
    return {
        "operationId": path.strip("/").replace("/", "_"),
        "summary": _SUMMARIES[path],
        "responses": {
            "200": {"description": _SUMMARIES[path], "content": {media: {}}},
            **_problems(*wanted, *((503,) if path == "/health/ready" else ())),
        },
        "security": [] if open_to_all else security,
    }


def _unauthorized(security: list[Document]) -> tuple[int, ...]:
    return (401,) if security else ()


def _body(schema: str, extra: Document) -> Document:
    return {"required": True, "content": {_JSON: {"schema": _one_or_many(schema), **extra}}}


def _answer(description: str, schema: Document) -> Document:
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _one_or_many(schema: str) -> Document:
    return {"oneOf": [_ref(schema), {"type": "array", "items": _ref(schema)}]}


def _ref(schema: str) -> Document:
    return {"$ref": f"#/components/schemas/{schema}"}


def _problems(*statuses: int) -> Document:
    reasons = {
        400: "The body is not JSON",
        401: "No valid API key",
        413: "The body or its list of rows is too large",
        415: "The body says that it is something else than JSON",
        422: "Rows break the contract; every violation is listed",
        503: "Come back after the seconds in Retry-After",
    }
    content = {PROBLEM: {"schema": _ref("Problem")}}
    return {
        str(status): {"description": reasons[status], "content": content} for status in statuses
    }
