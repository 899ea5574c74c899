"""The user's documentation, which the library carries as Markdown pages.

Reading a page needs no project and no other package, so it works in a broken project and offline.
"""

import re
from importlib.resources import files
from pathlib import Path

from .errors import InputError

__all__ = ["INDEX", "page_names", "read_page", "write_html"]

# The page that lists the others.
INDEX = "index"

_PAGES = files("mlops_loop") / "docs"
_LINK = re.compile(r"\]\(([\w-]+)\.md\)")
_HTML = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 52rem; margin: auto; padding: 1rem; }}
pre, table {{ display: block; overflow-x: auto; }}
th, td {{ padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top; }}
</style>
<nav><a href="index.html">All pages</a></nav>
{body}</html>
"""


def page_names() -> list[str]:
    """The pages in the order in which the index lists them, which comes first.

    Examples:
        >>> page_names()[:2]
        ['index', 'tutorial']
    """
    return list(dict.fromkeys([INDEX, *_LINK.findall(read_page(INDEX))]))


def read_page(name: str) -> str:
    """A page as Markdown.

    Raises:
        InputError: if there is no such page, naming those that there are.
    """
    page = _PAGES / f"{name}.md"
    if not page.is_file():
        raise InputError(f"there is no page {name!r}; available: {', '.join(page_names())}")
    return page.read_text(encoding="utf-8")


def write_html(folder: Path) -> None:
    """Write every page as HTML, with `index.html` among them. Needs markdown-it-py.

    Args:
        folder: is created if it does not exist; pages of an earlier version are overwritten.
    """
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark").enable("table")
    folder.mkdir(parents=True, exist_ok=True)
    for name in page_names():
        text = read_page(name)
        title = text.partition("\n")[0].lstrip("# ")
        body = markdown.render(_LINK.sub(r"](\1.html)", text))
        html = _HTML.format(title=title, body=body)
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
