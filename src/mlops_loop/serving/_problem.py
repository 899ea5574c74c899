"""Errors of the HTTP interface as problem details (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from ..contract._decoder import InvalidRequestBody, TooManyRows
from ..contract._violations import Violation
from ..errors import ProjectError

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1
# Characters of a value in a list of violations.
_LONGEST_VALUE = 200


class Problem(ProjectError):
    """An error response: raise it anywhere in a request.

    Attributes:
        status: HTTP status.
        detail: explanation of this error, for the caller.
        members: further members of the problem document.
        headers: HTTP headers that belong to it.

    Examples:
        >>> problem = Problem(409, "the basket is closed", members={"basket": 7})
        >>> problem.encode(request_id="order-7")  # doctest: +ELLIPSIS
        b'{"type":"about:blank","title":"Conflict","status":409,..."basket":7}'
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = str(self)
        self.members = dict(members or {})
        self.headers = dict(headers or {})

    def encode(self, request_id: str) -> bytes:
        """The problem document; `request_id` finds the request in the service's logs."""
        return msgspec.json.encode(
            {
                "type": "about:blank",
                "title": HTTPStatus(self.status).phrase,
                "status": self.status,
                "detail": self.detail,
                "request_id": request_id,
                **self.members,
            }
        )


def unavailable(detail: str, **members: Any) -> Problem:
    """503 with `Retry-After`: the same request may be sent again a little later."""
    return Problem(503, detail, members=members, headers={"Retry-After": str(RETRY_SECONDS)})


def invalid_body(error: InvalidRequestBody) -> Problem:
    """413 for too many rows, 400 for a body that is not JSON, else 422 with the violations."""
    if isinstance(error, TooManyRows):
        return Problem(413, str(error))
    if not error.violations:
        return Problem(400, str(error))
    return contract_violations(error.violations, error.omitted)


def contract_violations(violations: Sequence[Violation], omitted: int = 0) -> Problem:
    """422 that lists violations, and says how many more there are."""
    listed = [_to_json(violation) for violation in violations]
    if omitted:
        total = len(listed) + omitted
        detail = f"{total:,} violations of the contract; the first {len(listed)} are listed"
        return Problem(422, detail, members={"violations": listed, "omitted_violations": omitted})
    rows = len({violation.row for violation in violations})
    detail = f"{_count(len(listed), 'violation')} of the contract in {_count(rows, 'row')}"
    return Problem(422, detail, members={"violations": listed})


def _to_json(violation: Violation) -> dict[str, object]:
    """Rows count from 0; the column is null where the row is not an object."""
    return {
        "row": violation.row,
        "column": _shortened(violation.column) if violation.column else None,
        "value": _shortened(violation.value),
        "reason": violation.reason,
    }


def _shortened(value: object) -> object:
    """A value, or the beginning of its text: the answer should not repeat a large body."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return value if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
