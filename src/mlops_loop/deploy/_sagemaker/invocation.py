"""One request to `/invocations`: as a request to `/predict`, whose response it converts."""

from collections.abc import Mapping, Sequence

from ...contract._column_definition import Column
from ...serving._headers import ENTITY_HEADER, REQUEST_ID_HEADER
from ...serving._problem import Problem
from ...serving._response import JSON
from .formats import (
    CSV,
    LINES,
    MEDIA_TYPES,
    PREDICTIONS,
    encode_csv,
    encode_lines,
    instances_of,
    rows_of_csv,
    rows_of_lines,
)

PING, INVOCATIONS, PARAMETERS = "/ping", "/invocations", "/execution-parameters"
READY, PREDICT = "/health/ready", "/predict"
# The only header of a caller that SageMaker hands to the container, and hands back.
ATTRIBUTES_HEADER = "X-Amzn-SageMaker-Custom-Attributes"
# What a caller may say in it: `X-Entity-Key=customer-7,X-Request-ID=order-7`.
_ATTRIBUTES = {name.lower(): name for name in (ENTITY_HEADER, REQUEST_ID_HEADER)}


class Invocation:
    """A request to `/invocations`.

    Args:
        content_type: the header Content-Type; JSON if there is none.
        accept: the header Accept; without a preference, the response has the format of the request.
        attributes: the header X-Amzn-SageMaker-Custom-Attributes.
        columns: the inputs of the contract that serves.

    Attributes:
        headers: headers that `/predict` gets in addition.
    """

    def __init__(
        self, content_type: str, accept: str, attributes: str, columns: Sequence[Column]
    ) -> None:
        self._given = content_type
        self._accept = accept
        self._columns = columns
        self._format, parameters = _parse_media_type(content_type or JSON)
        self._header = parameters.get("header")
        self._has_instances = False
        self.headers = _read_attributes(attributes)

    def to_rows(self, body: bytes) -> bytes:
        """The body that `/predict` takes: JSON.

        Raises:
            Problem: 400 if the body is not what its media type says, 406 or 415 for other types.
        """
        self._choose_response()
        if self._format not in MEDIA_TYPES:
            raise Problem(415, f"send JSON, JSON Lines or CSV, not {self._given[:100]}")
        if MEDIA_TYPES[self._format] == CSV:
            return rows_of_csv(body, self._columns, self._header)
        if MEDIA_TYPES[self._format] == LINES:
            return rows_of_lines(body)
        instances = instances_of(body, self._columns)
        self._has_instances = instances is not None
        return body if instances is None else instances

    def to_response(self, predictions: bytes) -> tuple[bytes, str]:
        """The predictions of `/predict` as the caller accepts them, and their media type."""
        media_type, parameters = self._choose_response()
        if media_type == CSV:
            header = parameters.get("header") == "present"
            return encode_csv(predictions, header=header), "text/csv; charset=utf-8"
        if media_type == LINES:
            return encode_lines(predictions), LINES
        if self._has_instances:
            predictions = b'{"%s":%s}' % (PREDICTIONS.encode(), predictions)
        return predictions, JSON

    def _choose_response(self) -> tuple[str, Mapping[str, str]]:
        """The media type of the response and its parameters.

        Raises:
            Problem: 406 if none is accepted.
        """
        accepted = [_parse_media_type(each) for each in self._accept.split(",") if each.strip()]
        for name, parameters in accepted or [("*/*", {})]:
            if name in MEDIA_TYPES:
                return MEDIA_TYPES[name], parameters
            if name == "*/*":
                return MEDIA_TYPES.get(self._format, JSON), {}
        raise Problem(406, f"accept JSON, JSON Lines or CSV, not {self._accept[:100]}")


def _parse_media_type(text: str) -> tuple[str, Mapping[str, str]]:
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    return name, {key: value.strip('"') for key, _, value in pairs}


def _read_attributes(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(","))
    return {
        _ATTRIBUTES[name.strip().lower()]: value.strip()
        for name, _, value in pairs
        if name.strip().lower() in _ATTRIBUTES
    }
