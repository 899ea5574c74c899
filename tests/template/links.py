"""Links in the pages of a project: the file is there, and so is the heading."""

import re
from collections.abc import Iterator
from posixpath import dirname, join, normpath

from world import Variants, World

LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]+)?\)")
HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def anchors(page: str) -> frozenset[str]:
    """What `#...` may name in a page: its headings, as GitHub and PyPI shorten them."""
    headings = HEADING.findall(FENCE.sub("", page))
    return frozenset(
        "#" + re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings
    )


def links(page: str) -> list[tuple[str, str]]:
    """Where a page leads: path (none for the page itself) and anchor (none for the whole)."""
    return LINK.findall(FENCE.sub("", page))


def complaints(world: World) -> Iterator[str]:
    have: dict[str, Variants] = {}
    for path, text, variants in world.texts(".md"):
        for anchor in anchors(text):
            key = world.place(path) + anchor
            have[key] = have.get(key, 0) | variants
    for path, text, variants in world.texts(".md"):
        place = world.place(path)
        for target, anchor in links(text):
            there = normpath(join(dirname(place), target)) if target else place
            if lacking := variants & ~world.exists.get(there, 0):
                yield f"{path}: links to {target}, not there with {world.example(lacking)}"
            elif anchor and (lacking := variants & ~have.get(there + anchor, 0)):
                yield (
                    f"{path}: links to {target}{anchor}, a heading that is not there "
                    f"with {world.example(lacking)}"
                )
