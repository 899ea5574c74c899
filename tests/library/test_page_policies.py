"""Every page that the library serves or writes has a content security policy."""

import re
from pathlib import Path

import pytest

from mlops_loop._documentation import write_html
from mlops_loop.serving import _pages as pages

from .places import REPOSITORY

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">')
SERVED = {"overview.html": pages.overview, "docs.html": pages.swagger_ui, "redoc.html": pages.redoc}
FILES = {path.name: path for path in (REPOSITORY / "src/mlops_loop").rglob("*.html*")}


def require_closed(policy: str) -> None:
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == directives["base-uri"] == "'none'"
    assert directives["form-action"] == "'none'"
    assert "'unsafe" not in directives.get("script-src", "") and "http" not in policy


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_page_has_a_policy(name: str) -> None:
    if name in SERVED:
        policy = SERVED[name]().headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
    else:
        (policy,) = POLICY.findall(FILES[name].read_text(encoding="utf-8"))
    require_closed(policy)


def test_the_documentation_has_a_policy(tmp_path: Path) -> None:
    write_html(tmp_path)
    for page in tmp_path.glob("*.html"):
        (policy,) = POLICY.findall(page.read_text(encoding="utf-8"))
        require_closed(policy)
