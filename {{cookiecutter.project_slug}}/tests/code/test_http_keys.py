"""Who may call the service."""

from typing import Any

import pytest

from {{ cookiecutter.package_name }}.errors import ServiceError
from {{ cookiecutter.package_name }}.serving.keys import require_keys


def test_without_a_valid_key_only_health_and_pages_answer(serve_shop: Any, problem: Any) -> None:
    with serve_shop(api_keys=("first", "second")) as served:
        served.publisher.publish("1")
        served.publisher.point("1")
        served.refresh()
        for path in ("/model", "/metrics", "/openapi.json", "/stranger"):
            problem(served.http.get(path), 401)
        refused = served.http.post("/predict", json=served.row, headers={"X-API-Key": "third"})
        assert "X-API-Key" in problem(refused, 401)["detail"]
        for path in ("/health/live", "/health/ready", "/", "/docs"):
            assert served.http.get(path).status_code == 200
        for key in ("first", "second"):
            headers = {"X-API-Key": key}
            assert served.http.get("/model", headers=headers).status_code == 200
        document = served.http.get("/openapi.json", headers=headers).json()
        assert document["paths"]["/predict"]["post"]["security"] == [{"ApiKey": []}]
        assert document["paths"]["/health/live"]["get"]["security"] == []


@pytest.mark.parametrize(
    ("keys", "host", "said"),
    [([], "0.0.0.0", "no API keys"), ([], "example.org", "no API keys"), ([" "], "::1", "empty")],
)
def test_a_service_open_to_the_network_does_not_start(
    keys: list[str], host: str, said: str
) -> None:
    with pytest.raises(ServiceError, match=said):
        require_keys(keys, host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_loopback_no_key_is_needed(host: str) -> None:
    require_keys([], host)
    require_keys(["key"], "0.0.0.0")
