"""HTTP client of a service."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from ..errors import ServiceError

Row = dict[str, Any]

TURN_SECONDS = 30.0
# Limits of the attempts, and of the wait that a busy service asks for in `Retry-After`.
ATTEMPTS = 5
LONGEST_WAIT = 60.0


class CallError(ServiceError):
    """A failed request.

    Attributes:
        kind: kind of failure; failures are counted by it.
        status: status code of the response; None without a response.
    """

    def __init__(self, kind: str, detail: str, status: int | None = None) -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.status = status

    @property
    def lost(self) -> bool:
        return self.status is None


class ServiceClient:
    """Calls of the HTTP interface.

    Args:
        http: client with the base URL and the API key of the service.
        on_latency: called with the latency of each `predict` response, in seconds.
        pause: sleeps for a number of seconds.
    """

    def __init__(
        self,
        http: httpx.Client,
        on_latency: Callable[[float], None] = lambda seconds: None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = http
        self._on_latency = on_latency
        self._pause = pause
        self.waits = 0

    def predict(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Predictions in the order of the rows; a single row is not sent as a list.

        Raises:
            CallError: if the service rejects the request, or does not respond.
        """
        if len(rows) == 1:
            return [self._post("/predict", rows[0], self._on_latency)]
        answers: list[dict[str, Any]] = self._post("/predict", list(rows), self._on_latency)
        return answers

    def label(self, labels: Sequence[Row]) -> None:
        """Send labels. Raises CallError as `predict` does."""
        self._post("/labels", list(labels))

    def model(self) -> dict[str, Any]:
        """The versions that serve. Raises CallError as `predict` does."""
        answer = self._call("GET", "/model")
        model = _content(answer)
        if not isinstance(model, dict):
            raise CallError("no object", str(model)[:200], answer.status_code)
        return model

    def wait_for(self, *, champion: str | None, challenger: str | None) -> None:
        """Wait until the service serves these versions."""
        deadline = time.monotonic() + TURN_SECONDS
        wanted = {"champion": champion, "challenger": challenger}
        while (serving := self._versions()) != wanted:
            if time.monotonic() > deadline:
                raise ServiceError(f"the service serves {serving} instead of {wanted}")
            time.sleep(0.02)

    def _versions(self) -> dict[str, str | None]:
        model = self.model()
        # On probation the previous champion is in the challenger's place.
        served = {
            "champion": model.get("champion"),
            "challenger": model.get("challenger") or model.get("previous"),
        }
        return {role: (entry or {}).get("version") for role, entry in served.items()}

    def _post(
        self, path: str, body: object, on_latency: Callable[[float], None] = lambda seconds: None
    ) -> Any:
        for attempt in range(1, ATTEMPTS + 1):
            began = time.perf_counter()
            answer = self._call("POST", path, body)
            seconds = time.perf_counter() - began
            wait = _wait(answer)
            if wait is None or attempt == ATTEMPTS:
                break
            self.waits += 1
            self._pause(wait)
        content = _content(answer)
        on_latency(seconds)
        return content

    def _call(self, method: str, path: str, body: object = None) -> httpx.Response:
        try:
            return self._http.request(method, path, json=body)
        except httpx.TimeoutException as error:
            raise CallError("no response in time", type(error).__name__) from error
        except httpx.TransportError as error:
            raise CallError("no answer", str(error)) from error


def _content(answer: httpx.Response) -> Any:
    """Content of a response; CallError with the text of its problem document if it failed."""
    try:
        content = answer.json()
    except ValueError:
        content = None
    if answer.is_success and content is not None:
        return content
    kind = f"{answer.status_code} {answer.reason_phrase}".strip()
    if not isinstance(content, dict):
        raise CallError(kind, answer.text[:200], answer.status_code)
    parts = [str(content.get("detail", ""))]
    violations = content.get("violations") or ()
    parts += [
        f"{violation.get('column')} {violation.get('reason')}" for violation in violations[:3]
    ]
    raise CallError(kind, "; ".join(filter(None, parts)), answer.status_code)


def _wait(answer: httpx.Response) -> float | None:
    """Seconds until a retry, from `Retry-After`; None if there is nothing to retry."""
    asked = answer.headers.get("retry-after")
    if answer.is_success or asked is None:
        return None
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT)
