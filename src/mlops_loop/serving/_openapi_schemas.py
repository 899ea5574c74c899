"""Schemas of request and response bodies for OpenAPI."""

from typing import Any

from ..contract._json_schema import class_names, class_schema, label_schema, row_schema
from ..contract._model import Contract, UnknownFields
from ._labels import ID_LENGTH

Document = dict[str, Any]

_VIOLATION: Document = {
    "type": "object",
    "properties": {
        "row": {"type": "integer", "description": "Position in the request, from 0"},
        "column": {"type": ["string", "null"]},
        "value": {},
        "reason": {"type": "string"},
    },
    "required": ["row", "column", "value", "reason"],
}
_PROBLEM: Document = {
    "type": "object",
    "description": "Problem details (RFC 9457)",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "violations": {"type": "array", "items": {"$ref": "#/components/schemas/Violation"}},
        "omitted_violations": {"type": "integer", "description": "How many are not listed"},
    },
    "required": ["type", "title", "status", "detail"],
}
_LABEL_REPORT: Document = {
    "type": "object",
    "properties": {
        "joined": {"type": "integer", "description": "Joined to their prediction"},
        "early": {"type": "integer", "description": "Wait for their prediction"},
        "repeated": {"type": "integer", "description": "Equal to a label that was recorded before"},
        "conflicting": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Ids with a different recorded label, which stays",
        },
        "replaced": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Ids whose unofficial label an official one replaced",
        },
        "dropped": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Ids without a prediction, left out as too many labels wait",
        },
        "other_target": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Ids of predictions about another target; their labels are left out",
        },
    },
    "required": [
        "joined",
        "early",
        "repeated",
        "conflicting",
        "other_target",
        "replaced",
        "dropped",
    ],
}


def schemas(contract: Contract, unknown_fields: UnknownFields) -> dict[str, Document]:
    """The components of the document by name."""
    label = {
        "type": "object",
        "properties": {
            "prediction_id": {"type": "string", "minLength": 1, "maxLength": ID_LENGTH},
            "label": label_schema(contract),
        },
        "required": ["prediction_id", "label"],
        "additionalProperties": False,
    }
    return {
        "Row": row_schema(contract, unknown_fields),
        "Prediction": _prediction(contract),
        "Label": label,
        "LabelReport": _LABEL_REPORT,
        "Violation": _VIOLATION,
        "Problem": _PROBLEM,
    }


def _prediction(contract: Contract) -> Document:
    properties: Document = {
        "prediction_id": {"type": "string", "format": "uuid"},
        "prediction": class_schema(contract),
        "model_version": {"type": "string"},
        "variant": {"type": "string", "enum": ["champion", "challenger"]},
        "warnings": {
            "type": "array",
            "description": "Values that violate the contract with a warning",
            "items": {"type": "object"},
        },
    }
    required = ["prediction_id", "prediction", "model_version", "variant"]
    if names := class_names(contract):
        numbers = {name: {"type": "number"} for name in names}
        properties["probabilities"] = {
            "type": "object",
            "properties": numbers,
            "required": names,
        }
        required.append("probabilities")
    return {"type": "object", "properties": properties, "required": required}
