"""Hosts and origins: what the pages of other sites can do with a service, in every framework."""

from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from mlops_loop._settings import Serving
from mlops_loop.serving._headers import BROWSER_HEADERS

JSON = {"Content-Type": "application/json"}
SHOP = "https://shop.example"


@pytest.fixture
def published(publisher: Any) -> None:
    publisher.publish("1")
    publisher.point("1")


def read_model(served: Any, host: str, **headers: str) -> httpx.Response:
    answer: httpx.Response = served.http.get("/model", headers={"Host": host, **headers})
    return answer


LOCAL = "localhost LocalHost:8000 a.localhost 127.0.0.1:80 [::1]:8000 [::1] 192.168.7.3 testserver"
FOREIGN = """
rebind.example rebind.example:8000 localhost.example 127.0.0.1.example xlocalhost
127.0.0.1@rebind.example localhost,rebind.example
"""


def test_without_keys_other_host_names_are_rejected(served: Any, problem: Any) -> None:
    for host in LOCAL.split():
        assert read_model(served, host).status_code == 200, host
    for host in FOREIGN.split():
        detail = problem(read_model(served, host), 400)["detail"]
        assert "serving.allowed_hosts" in detail, host
        for path in ("/predict", "/labels"):
            answer = served.http.post(path, json=served.row, headers={"Host": host})
            assert answer.status_code == 400, host
    assert read_model(served, "").status_code == 400


def test_probes_and_pages_are_answered_for_every_host(served: Any) -> None:
    for path in ("/health/live", "/health/ready", "/", "/docs"):
        answer = served.http.get(path, headers={"Host": "10-0-0-7.pod.example"})
        assert answer.status_code == 200


def test_with_keys_every_host_may_be_named(serve_shop: Any, published: None) -> None:
    with serve_shop(api_keys=("secret",)) as served:
        headers = {"X-API-Key": "secret"}
        assert read_model(served, "models.example", **headers).status_code == 200


def test_allowed_hosts_are_the_only_ones(serve_shop: Any, published: None, problem: Any) -> None:
    hosts = ("models.example", "*.inner.example")
    for keys in ((), ("secret",)):
        with serve_shop(allowed_hosts=hosts, api_keys=keys) as served:
            headers = {"X-API-Key": "secret"}
            for host in ("models.example:443", "Models.Example.", "a.inner.example"):
                assert read_model(served, host, **headers).status_code == 200, host
            for host in ("localhost", "inner.example", "xmodels.example", "127.0.0.1"):
                problem(read_model(served, host, **headers), 400)
    with serve_shop(allowed_hosts=("*",)) as served:
        assert read_model(served, "anything.example").status_code == 200


CROSS_SITE = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://["},
)


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_pages_of_other_sites_change_nothing(
    served: Any, problem: Any, headers: dict[str, str]
) -> None:
    label = {"prediction_id": "a", "label": True}
    for path, body in (("/predict", served.row), ("/labels", label)):
        detail = problem(served.http.post(path, json=body, headers=headers), 403)["detail"]
        assert "serving.allowed_origins" in detail
        has_origin = "evil.example" in headers.get("Origin", "")
        assert ("list it" in detail) == has_origin, detail
    assert served.log.totals().predictions == 0
    # A link to a page is no change.
    assert served.http.get("/docs", headers=headers).status_code == 200


def test_own_pages_and_programs_may_change_something(served: Any) -> None:
    own = f"http://127.0.0.1:{served.http.base_url.port}"
    cases: tuple[dict[str, str], ...] = (
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": own},
        {"Origin": own},
    )
    for headers in cases:
        answer = served.http.post("/predict", json=served.row, headers=headers)
        assert answer.status_code == 200, headers
        assert "access-control-allow-origin" not in answer.headers


PREFLIGHT = {
    "Origin": SHOP,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,x-api-key",
}


def test_no_origin_may_read_by_default(served: Any) -> None:
    answer = served.http.options("/predict", headers=PREFLIGHT)
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_an_allowed_origin_may_send_and_read(
    serve_shop: Any, published: None, problem: Any
) -> None:
    with serve_shop(allowed_origins=(SHOP,), api_keys=("secret",)) as served:
        preflight = served.http.options("/predict", headers=PREFLIGHT)
        assert preflight.status_code == 200
        allowed = preflight.headers["access-control-allow-headers"].lower()
        assert "x-api-key" in allowed and "content-type" in allowed
        assert "POST" in preflight.headers["access-control-allow-methods"]
        headers = {"Origin": SHOP, "Sec-Fetch-Site": "cross-site", "X-API-Key": "secret"}
        answer = served.http.post("/predict", json=served.row, headers=headers)
        assert answer.status_code == 200
        rejected = served.http.get("/model", headers={"Origin": SHOP})
        problem(rejected, 401)
        for each in (preflight, answer, rejected):
            assert each.headers["access-control-allow-origin"] == SHOP
            assert "Origin" in each.headers["vary"]
        assert "X-Request-ID" in answer.headers["access-control-expose-headers"]
        headers |= {"Origin": "https://evil.example"}
        foreign = served.http.post("/predict", json=served.row, headers=headers)
        assert "https://evil.example" in problem(foreign, 403)["detail"]
        assert "access-control-allow-origin" not in foreign.headers


def test_every_response_has_headers_for_browsers(served: Any, serve_shop: Any) -> None:
    answers = [
        served.http.get(path)
        for path in ("/", "/docs", "/model", "/metrics", "/nothing", "/predict")
    ]
    answers += [
        served.http.post("/predict", json=served.row),
        served.http.post("/predict", content=b"x" * 3_000_000, headers=JSON),
        served.http.post("/predict", json={}, headers={"Origin": "null"}),
        served.http.get("/model", headers={"Host": "rebind.example"}),
    ]
    for answer in answers:
        found = {name: answer.headers.get(name) for name in BROWSER_HEADERS}
        assert found == BROWSER_HEADERS, answer.url


@pytest.mark.parametrize("path", ["/predict", "/labels"])
@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_form_or_text_of_another_site_is_no_json(
    served: Any, problem: Any, path: str, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = served.http.post(path, content=b"{}", headers=headers)
    assert "application/json" in problem(answer, 415)["detail"]


HOSTS = """
https://models.example models.example/path a.b:8000 127.0.0.1:8000 [::1] [::1]:8000 *.*.example
modèle.example x..example *.
""".split()
ORIGINS = """
shop.example https://shop.example/ https://shop.example/x null https://*.example.com http://[
ftp://shop.example https://me@shop.example https://shop.example:x https://shop.example?a https://
""".split()


@pytest.mark.parametrize("host", ["", " models.example", *HOSTS])
def test_a_host_that_no_request_can_name_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="allowed_hosts(.|\n)*without scheme, port or path"):
        Serving(allowed_hosts=(host,))


@pytest.mark.parametrize("origin", ["", *ORIGINS])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    expected = "expected an origin such as https://shop.example.com, without a path"
    with pytest.raises(ValidationError, match=f"allowed_origins(.|\n)*{expected}"):
        Serving(allowed_origins=(origin,))


@pytest.mark.parametrize(
    ("origin", "sent"),
    [
        ("https://SHOP.example.com:443", "https://shop.example.com"),
        ("HTTP://shop.example:80", "http://shop.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://[::1]:443", "https://[::1]"),
        ("*", "*"),
    ],
)
def test_an_origin_is_compared_as_browsers_send_it(origin: str, sent: str) -> None:
    assert Serving(allowed_origins=(origin,)).allowed_origins == (sent,)


def test_a_host_is_compared_without_case_and_last_dot() -> None:
    hosts = ("Models.Example.", "*.INNER.example", "0:0::1", "10.0.0.7", "my_model", "*")
    expected = ("models.example", "*.inner.example", "::1", "10.0.0.7", "my_model", "*")
    assert Serving(allowed_hosts=hosts).allowed_hosts == expected
