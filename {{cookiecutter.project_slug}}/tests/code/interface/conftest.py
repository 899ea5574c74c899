"""Whom these tests ask: the service at `SERVICE_URL`, or one of their own in this process."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
import pytest

URL, KEY = "SERVICE_URL", "API_KEY"


@dataclass
class Asked:
    """A service that has a model, known by what it says over HTTP and nothing else."""

    http: httpx.Client

    @cached_property
    def document(self) -> dict[str, Any]:
        """Its OpenAPI document."""
        found: dict[str, Any] = self.http.get("/openapi.json").raise_for_status().json()
        return found

    @property
    def row(self) -> dict[str, Any]:
        """A row that it should answer."""
        return dict(self.document["components"]["schemas"]["Row"]["example"])

    @property
    def label(self) -> Any:
        """A label that it should take."""
        body = self.document["paths"]["/labels"]["post"]["requestBody"]
        return body["content"]["application/json"]["example"]["label"]

    def predict(self) -> str:
        """The id of a prediction."""
        found: str = self.http.post("/predict", json=self.row).json()["prediction_id"]
        return found


@pytest.fixture
def asked(request: pytest.FixtureRequest) -> Iterator[Asked]:
    if URL not in os.environ:
        yield Asked(request.getfixturevalue("served").http)
        return
    headers = {"X-API-Key": os.environ[KEY]} if KEY in os.environ else {}
    with httpx.Client(base_url=os.environ[URL], headers=headers, timeout=30) as http:
        yield Asked(http)
