"""The service's pages: they load nothing from elsewhere."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from mlops_loop.testing._http_contract import ServiceUnderTest, problem

_INLINE = re.compile(r"(?s)<(style|script)\b(?![^>]*\bsrc=)[^>]*>(.*?)</")


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_load_only_what_the_service_serves(service: ServiceUnderTest, path: str) -> None:
    response = service.http.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert not re.search(r"https?://|\bstyle=|\bon\w+=\"|innerHTML", response.text)
    for reference in re.findall(r'(?:src|href)="(docs/assets/[^"]+)"', response.text):
        assert service.http.get(f"/{reference}").status_code == 200
    problem(service.http.post(path), 405)


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_browsers_run_only_the_scripts_of_a_page(service: ServiceUnderTest, path: str) -> None:
    response = service.http.get(path)
    policy = response.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    scripts = next(each for each in policy if each.startswith("script-src"))
    assert "unsafe" not in scripts
    for kind, content in _INLINE.findall(response.text):
        digest = b64encode(sha256(content.encode()).digest()).decode()
        if kind == "script":
            assert f"'sha256-{digest}'" in scripts


def test_the_overview_requests_what_exists(service: ServiceUnderTest) -> None:
    page = service.http.get("/").text
    service.predict()
    metrics = service.http.get("/metrics").text
    paths = set(re.findall(r'ask\("([^"]+)"', page)) - {"predict"}
    assert paths == {"model", "openapi.json", "health/ready", "metrics"}
    assert {service.http.get(f"/{path}").status_code for path in paths} == {200}
    for name in re.findall(r'(?:=== |sum\()"(\w+_\w+)"', page):
        assert name in metrics
    named = set(re.findall(r'\bby\("([^"]+)"\)', page))
    assert named and named <= set(re.findall(r'\bid="([^"]+)"', page))
