"""The pages for people: they hold all that they need."""

import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_for_people_run_what_they_hold_and_nothing_else(
    asked: Any, problem: Any, path: str
) -> None:
    answer = asked.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy
    for kind, content in re.findall(r"(?s)<(style|script)[^>]*>(.*?)</", answer.text):
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert not re.search(r"https?://|\bsrc=|\bstyle=|\bon\w+=\"|innerHTML", answer.text)
    assert asked.http.head(path).status_code == 200
    problem(asked.http.post(path), 405)


def test_the_overview_asks_only_for_what_is_there(asked: Any) -> None:
    page = asked.http.get("/").text
    asked.predict()
    told = asked.http.get("/metrics").text
    paths = set(re.findall(r'ask\("([^"]+)"', page)) - {"predict"}
    assert paths == {"model", "openapi.json", "health/ready", "metrics"}
    assert {asked.http.get(f"/{path}").status_code for path in paths} == {200}
    for name in re.findall(r'(?:=== |sum\()"(\w+_\w+)"', page):
        assert name in told
    named = set(re.findall(r'\bby\("([^"]+)"\)', page))
    assert named and named <= set(re.findall(r'\bid="([^"]+)"', page))
