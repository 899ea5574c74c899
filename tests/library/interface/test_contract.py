"""What callers may rely on: the suite of `mlops_loop.testing`, and what needs a real server."""

import httpx

from mlops_loop.testing import HttpContract
from mlops_loop.testing._http_contract import ServiceUnderTest


class TestHttpContract(HttpContract):
    """Over the network."""

    def test_a_request_id_is_one_of_ascii(self, service: ServiceUnderTest) -> None:
        response = service.http.get("/model", headers={b"X-Request-ID": "é".encode()})
        assert response.headers["x-request-id"].isascii()

    def test_pages_may_be_probed(self, service: ServiceUnderTest) -> None:
        for path in ("/", "/docs"):
            response = service.http.head(path)
            assert (response.status_code, response.content) == (200, b""), path

    def test_where_no_keys_are_required_anybody_may_ask(self, service: ServiceUnderTest) -> None:
        assert "security" not in service.document
        with httpx.Client(base_url=service.http.base_url, timeout=30) as anonymous:
            for path in ("/model", "/metrics", "/health/live", "/", "/docs"):
                assert anonymous.get(path).status_code == 200
            assert anonymous.post("/predict", json=service.row).status_code == 200
