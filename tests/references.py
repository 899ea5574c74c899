"""What a file refers to: modules, packages, paths, programs and targets of make."""

import ast
import re
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

# Imported under another name than the package's own, hyphens aside.
DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "pyyaml", "google": "protobuf"}

PATH = re.compile(r"(?<![\w./<>{*-])(?:\./)?(\.?[\w-][\w.-]*(?:/[\w.-]+)*/?)(?![\w*{<])")
PROGRAM = re.compile(r"(?:poetry run|\$\(PYTHON\) -m) (?:python -m )?([\w-]+)")
TARGET = re.compile(r"(?:^|`|run: |[A-Z]=\S+ )make ([a-z]+)\b", re.MULTILINE)


@dataclass(frozen=True)
class References:
    """Attributes:
    modules: dotted names inside the project, one of which has to exist for each alternative.
    packages: distributions that are imported.
    families: folders whose modules are chosen by name when the program runs.
    words: what strings and text consist of, for files that are found by their names.
    """

    modules: frozenset[tuple[str, ...]] = frozenset()
    packages: frozenset[str] = frozenset()
    families: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def python_references(place: str, text: str, package: str) -> References:
    """Of a Python file at a place of the project, whose package is in `package`."""
    modules: set[tuple[str, ...]] = set()
    packages: set[str] = set()
    families: set[str] = set()
    words: set[str] = set()
    name = PurePosixPath(package).name
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.update(re.findall(r"[\w.-]+", node.value))
        targets, family = imported(node, place)
        families |= {family} if family else set()
        for target in targets:
            if target[0].startswith("src/") or target[0].startswith("tests/"):
                modules.add(target)
            elif target[0].partition(".")[0] == name:
                below = [f"src/{each.replace('.', '/')}" for each in target]
                modules.add(tuple(below))
            elif target[-1] == "conftest":
                modules.add((f"{PurePosixPath(place).parent}/conftest", "tests/conftest"))
            elif (top := target[0].partition(".")[0]) not in sys.stdlib_module_names:
                packages.add(normalized(DISTRIBUTIONS.get(top, top)))
    return References(
        frozenset(modules), frozenset(packages), frozenset(families), frozenset(words)
    )


def imported(node: ast.AST, place: str) -> tuple[list[tuple[str, ...]], str]:
    """What a statement imports, each with what it may be instead; and a family it chooses from.

    A relative import is given as a path: `from .a import b` may be a/b.py, or b inside a.py.
    """
    folder = PurePosixPath(place).parent
    if isinstance(node, ast.Import):
        return [(alias.name,) for alias in node.names], ""
    if isinstance(node, ast.ImportFrom):
        if not node.level:
            base = node.module or ""
            return [(f"{base}.{alias.name}", base) for alias in node.names], ""
        start = folder if node.level == 1 else folder.parents[node.level - 2]
        stem = start.joinpath(*(node.module or "").split(".")) if node.module else start
        return [(str(stem / alias.name), str(stem)) for alias in node.names], ""
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        argument = node.args[0]
        if isinstance(argument, ast.JoinedStr):
            return [], str(folder)
        if isinstance(argument, ast.Constant) and str(argument.value).startswith("."):
            return [(str(folder / str(argument.value)[1:]),)], ""
        if isinstance(argument, ast.Constant):
            return [(str(argument.value),)], ""
    return [], ""


@cache
def mentioned_paths(text: str) -> frozenset[str]:
    """Everything in a text that could be a path of the project, without a slash at its end."""
    return frozenset(match.rstrip("/.") for match in PATH.findall(text))


@cache
def quoted_paths(page: str) -> frozenset[str]:
    """What a page names as a file or folder: code that looks like one, and links."""
    code = re.findall(r"`([\w.-]+(?:/[\w.-]+)*/?)`", page)
    looks = [each for each in code if "/" in each or re.search(r"\.(md|toml|ya?ml|py|lock)$", each)]
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page)
    return frozenset(each.rstrip("/") for each in [*looks, *links])


@cache
def programs(text: str) -> frozenset[str]:
    return frozenset(PROGRAM.findall(text))


@cache
def targets(text: str) -> frozenset[str]:
    return frozenset(TARGET.findall(text))


@cache
def requirements(text: str) -> dict[str, str]:
    """The distributions that a pyproject.toml asks for, each with the comment on its line."""
    pyproject = tomllib.loads(text)
    groups = [pyproject["project"]["dependencies"], *pyproject["dependency-groups"].values()]
    found: dict[str, str] = {}
    for wish in [wish for group in groups for wish in group]:
        name = normalized(re.split(r"[^\w.-]", wish)[0])
        lines = [line for line in text.splitlines() if f'"{wish}"' in line]
        found[name] = found.get(name, "") + "".join(line.partition("#")[2] for line in lines)
    return found
