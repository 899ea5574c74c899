"""The monitoring page: what callers send stays data, and only Evidently's own script runs."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from mlops_loop.contract._columns import Columns

from .world import World

EVIL = "</script><script>alert('x')</script><!--<img src=x onerror=alert(1)>"


class _Page(HTMLParser):
    """Elements as a browser reads them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.policy = ""
        self._script: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        if tag == "script":
            self.scripts.append((values.get("type"), ""))
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"] or ""

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] == ["script"]:
            kind, text = self.scripts[-1]
            self.scripts[-1] = (kind, text + data)

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")


@pytest.fixture
def page(world: World) -> _Page:
    columns: Columns = world.parcels(2)
    columns["colour"][::7] = EVIL
    columns["town"][::5] = EVIL
    columns["weight"] += 1
    world.predict(columns)
    return _Page(world.settings.path(str(world.monitor().report)).read_text(encoding="utf-8"))


def test_a_category_of_a_caller_stays_data(page: _Page) -> None:
    assert [kind for kind, _ in page.scripts] == ["application/json", None, None]
    assert "img" not in page.tags
    data = json.loads(page.scripts[0][1])
    assert EVIL in json.dumps(data, ensure_ascii=False)
    assert data["graphs"] and data["dashboard"]["widgets"][0]["widgets"]


def test_the_policy_allows_the_scripts_of_the_page_by_their_hash_alone(page: _Page) -> None:
    directives = dict(part.split(" ", 1) for part in page.policy.split("; "))
    hashes = {
        f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
        for kind, text in page.scripts
        if kind is None
    }
    assert set(directives["script-src"].split()) == hashes and len(hashes) == 2
    assert directives["default-src"] == "'none'"
    assert not re.search(r"https?:|unsafe-eval|\*", page.policy)
