"""Whom these tests ask: a service in this process."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
import pytest


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
def asked(served: Any) -> Asked:
    return Asked(served.http)
