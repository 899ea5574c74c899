"""Whether each distinct content of each file is right by itself, in whatever variants it is.

The checks here need no program; `tests/test_proof.py` hands the same contents to the linters.
"""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import yaml
from world import World

LEFT_OVER = re.compile(r"cookiecutter|\{%|(?<!\$)\{\{")
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
MAY_BE_EMPTY = {"__init__.py", "py.typed", ".gitkeep"}
Check = Callable[[str, str], Iterator[str]]


def parses(path: str, text: str) -> Iterator[str]:
    """It can be read as what its name says it is."""
    readers: dict[str, Callable[[str], object]] = {
        ".py": ast.parse,
        ".toml": tomllib.loads,
        ".lock": tomllib.loads,
        ".yaml": yaml.safe_load,
        ".yml": yaml.safe_load,
    }
    try:
        readers.get(PurePosixPath(path).suffix, str)(text)
    except (SyntaxError, ValueError, yaml.YAMLError) as error:
        yield f"does not parse: {str(error).splitlines()[0]}"


def leaves_nothing_over(path: str, text: str) -> Iterator[str]:
    """No Jinja of the template is left; Python and pages made by it may use braces."""
    allowed = {".j2": re.compile("cookiecutter"), ".py": re.compile(r"cookiecutter|\{%")}
    pattern = allowed.get(PurePosixPath(path).suffix, LEFT_OVER)
    for line in text.splitlines():
        if pattern.search(line):
            yield f"left over: {line.strip()}"


def is_tidy(path: str, text: str) -> Iterator[str]:
    """Blanks and empty lines are where a person would put them."""
    name = PurePosixPath(path).name
    if not text.strip():
        if name not in MAY_BE_EMPTY:
            yield "is empty"
        return
    if re.search(r"[ \t]$", text, re.MULTILINE):
        yield "has trailing blanks"
    if not text.endswith("\n") or text.endswith("\n\n") or "\r" in text:
        yield "does not end with one newline"
    if text.startswith("\n") and not name.startswith("LICENSE"):
        yield "starts with an empty line"
    if "\n\n\n" in text and not path.endswith(".py") and not name.startswith("LICENSE"):
        yield "has doubled blank lines"
    if re.search(r"[\[{(]\n\s*\n|\n\n\s*[\]})]", text):
        yield "has a blank line beside a bracket"


def pins_actions(path: str, text: str) -> Iterator[str]:
    """Actions are pinned by commit, with their version."""
    if ".github/workflows/" not in path:
        return
    for line in text.splitlines():
        if "uses:" in line and not PINNED.fullmatch(line.strip().removeprefix("- ")):
            yield f"not pinned: {line.strip()}"


CHECKS: tuple[Check, ...] = (parses, leaves_nothing_over, is_tidy, pins_actions)


@cache
def wrong(check: Check, path: str, text: str) -> tuple[str, ...]:
    return tuple(check(path, text))


def complaints(world: World, counts: Counter[str]) -> list[str]:
    """What is wrong in any content; counts the checks."""
    editions = world.editions
    found = [f"{path}: cannot be rendered: {why}" for path, why in world.broken.items()]
    for path in world.paths:
        for text, variants in editions[path].items():
            for check in CHECKS:
                counts[check.__name__.replace("_", " ")] += 1
                for what in wrong(check, path, text):
                    found.append(f"{path}: {what} ({world.example(variants)})")
    return found


def lay_out(world: World, directory: Path, answers: dict[str, str]) -> int:
    """Write every content that variants with these answers have; how many there are.

    The first contents make a project in the folder `0`, others stand in `1` and so on.
    """
    chosen, written = world.where(answers), 0
    for path in world.paths:
        texts = [text for text, where in world.editions[path].items() if where & chosen]
        for number, text in enumerate(texts):
            target = directory / str(number) / world.place(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
            written += 1
    return written
