"""Errors of the HTTP interface as problem details (RFC 9457)."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from ..contract.check import Violation
from ..contract.decoder import BodyRefused

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1


class Problem(Exception):
    """An error response: raise it anywhere in a request.

    Attributes:
        status: HTTP status.
        detail: what is wrong with this request, for the caller.
        members: further members of the problem document.
        headers: HTTP headers that belong to it.
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
        self.detail = detail
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


def invalid_body(error: BodyRefused) -> Problem:
    """400 for a body that is not JSON, else 422 with all violations."""
    if not error.violations:
        return Problem(400, str(error))
    return contract_violations(error.violations)


def contract_violations(violations: Iterable[Violation]) -> Problem:
    """422 that lists every violation."""
    listed = list(violations)
    rows = len({violation.row for violation in listed})
    detail = f"{_count(len(listed), 'violation')} of the contract in {_count(rows, 'row')}"
    return Problem(422, detail, members={"violations": [_to_json(each) for each in listed]})


def _to_json(violation: Violation) -> dict[str, object]:
    """Rows count from 0; the column is null where the row is not an object."""
    return {
        "row": violation.row,
        "column": violation.column or None,
        "value": violation.value,
        "reason": violation.reason,
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
