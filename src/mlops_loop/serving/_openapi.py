"""OpenAPI of the library's routes; every web framework serves the same operations.

Operations refer to components (`#/components/schemas/Row`). Components follow the contract that
serves, so they are added when the document is asked for.
"""

from copy import deepcopy

from ..contract._json_schema import example_row
from ..contract._model import Contract, UnknownFields
from ._headers import ENTITY_HEADER, KEY_HEADER
from ._labels import ID_LENGTH
from ._openapi_schemas import Document, schemas
from ._problem import MEDIA_TYPE as PROBLEM
from ._response import JSON

_DESCRIPTIONS = {
    400: "The body is not JSON",
    401: "No valid API key",
    403: "The caller lacks a scope",
    408: "The body did not arrive in time",
    409: "The service keeps no predictions that labels could join",
    413: "The body or its list of rows is too large",
    415: "The body is not JSON, or compressed",
    422: "Rows violate the contract; every violation is listed",
    503: "Try again after the seconds in Retry-After",
}
_PROBLEMS = [code for code in _DESCRIPTIONS if code != 409]


def operation(path: str) -> Document:
    """The operation of one of the library's paths, e.g. for FastAPI's `openapi_extra`."""
    return deepcopy(_OPERATIONS[path])


def with_components(document: Document, components: Document) -> Document:
    """A document with components added; with a security scheme, operations require it."""
    own = document.get("components", {})
    merged = {
        section: {**own.get(section, {}), **components.get(section, {})}
        for section in own.keys() | components.keys()
    }
    secured: list[Document] = [{name: []} for name in components.get("securitySchemes", ())]
    return {**document, "components": merged, **({"security": secured} if secured else {})}


def components(contract: Contract, unknown_fields: UnknownFields, *, secured: bool) -> Document:
    """Schemas and examples of one contract.

    Args:
        contract: contract of rows and labels.
        unknown_fields: treatment of fields that the contract does not contain.
        secured: whether callers need an API key.
    """
    row = example_row(contract)
    label = {
        "prediction_id": "01890a5d-ac96-774b-bcce-b302099a8057",
        "label": contract.classes[-1] if contract.classes else 0.0,
    }
    key = {"type": "apiKey", "in": "header", "name": KEY_HEADER}
    return {
        "schemas": schemas(contract, unknown_fields),
        "examples": {
            "Row": {"summary": "One row", "value": row},
            "Rows": {"summary": "A list of rows", "value": [row, row]},
            "Label": {"summary": "The label of one prediction", "value": label},
        },
        **({"securitySchemes": {"ApiKey": key}} if secured else {}),
    }


def _ref(name: str, section: str = "schemas") -> Document:
    return {"$ref": f"#/components/{section}/{name}"}


def _one_or_many(name: str) -> Document:
    return {"oneOf": [_ref(name), {"type": "array", "items": _ref(name)}]}


def _body(schema: str, *examples: str) -> Document:
    content = {
        "schema": _one_or_many(schema),
        "examples": {name: _ref(name, "examples") for name in examples},
    }
    return {"required": True, "content": {JSON: content}}


def _responses(description: str, schema: Document, *problems: int, media: str = JSON) -> Document:
    content = {PROBLEM: {"schema": _ref("Problem")}}
    return {
        "200": {"description": description, "content": {media: {"schema": schema}}},
        **{
            str(code): {"description": _DESCRIPTIONS[code], "content": content} for code in problems
        },
    }


def _get(name: str, summary: str, *problems: int, media: str = JSON) -> Document:
    schema = {"type": "object"} if media == JSON else {"type": "string"}
    responses = _responses(summary, schema, *problems, media=media)
    return {"operationId": name, "summary": summary, "responses": responses}


_ENTITY_KEY = {
    "name": ENTITY_HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": ID_LENGTH},
    "description": "The entity that the rows are about: one key always gets the same variant",
}
_OPERATIONS: dict[str, Document] = {
    "/predict": {
        "operationId": "predict",
        "summary": "Predict one row, or a list of rows",
        "parameters": [_ENTITY_KEY],
        "requestBody": _body("Row", "Row", "Rows"),
        "responses": _responses(
            "Predictions in the order of the rows", _one_or_many("Prediction"), *_PROBLEMS
        ),
    },
    "/labels": {
        "operationId": "label",
        "summary": "Submit labels for one or more predictions",
        "requestBody": _body("Label", "Label"),
        "responses": _responses("How labels were joined", _ref("LabelReport"), *_DESCRIPTIONS),
    },
    "/model": _get("model", "The versions in service", 401),
    "/health/live": _get("health_live", "The process runs") | {"security": []},
    "/health/ready": _get("health_ready", "Requests for predictions will be answered", 503)
    | {"security": []},
    "/metrics": _get("metrics", "Metrics for Prometheus", 401, 403, media="text/plain"),
}
