"""What the HTTP contract suite is run against: any service, reached with an httpx client."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
import pytest


@dataclass
class Api:
    """A service with a model, known only by what it answers over HTTP."""

    http: httpx.Client

    @cached_property
    def document(self) -> dict[str, Any]:
        """Its OpenAPI document."""
        document: dict[str, Any] = self.http.get("/openapi.json").raise_for_status().json()
        return document

    @property
    def requires_keys(self) -> bool:
        return bool(self.document.get("security"))

    def resolve(self, part: dict[str, Any]) -> dict[str, Any]:
        """A part of the document, or what its `$ref` refers to."""
        while "$ref" in part:
            target: Any = self.document
            for name in part["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            part = target
        return part

    def examples(self, path: str) -> list[Any]:
        """The example bodies of an operation."""
        content = self.document["paths"][path]["post"]["requestBody"]["content"]
        examples = content["application/json"]["examples"].values()
        return [self.resolve(example)["value"] for example in examples]

    @property
    def row(self) -> dict[str, Any]:
        """A row that it should predict."""
        return dict(self.examples("/predict")[0])

    @property
    def label(self) -> Any:
        """A label that it should accept."""
        return self.examples("/labels")[0]["label"]

    def predict(self) -> str:
        """The id of a prediction."""
        answer: str = self.http.post("/predict", json=self.row).json()["prediction_id"]
        return answer


@pytest.fixture
def api(served: Any) -> Api:
    return Api(served.http)


@pytest.fixture
def problem() -> Callable[[httpx.Response, int], dict[str, Any]]:
    """Gives the problem document of a response that has to be one."""

    def read(response: httpx.Response, status: int) -> dict[str, Any]:
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        document: dict[str, Any] = response.json()
        assert document["status"] == status
        assert {"type", "title", "detail"} <= document.keys()
        assert document["request_id"] == response.headers["x-request-id"]
        return document

    return read
