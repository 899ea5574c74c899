"""What the HTTP contract suite is run against: a service behind a real server."""

from typing import Any

import httpx
import pytest

from mlops_loop.testing._http_contract import ServiceUnderTest


@pytest.fixture
def client(served: Any) -> httpx.Client:
    http: httpx.Client = served.http
    return http


@pytest.fixture
def service(client: httpx.Client) -> ServiceUnderTest:
    return ServiceUnderTest(client)
