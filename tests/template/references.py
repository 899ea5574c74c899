"""What a file refers to: modules, packages, paths, programs and targets of make."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from world import Variants, World

# Imported under another name than the package's own, hyphens aside.
DISTRIBUTIONS = {
    "airflow": "apache-airflow",
    "google": "protobuf",
    "markdown_it": "markdown-it-py",
    "ruamel": "ruamel-yaml",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}

# Scripts that another one in their folder imports by their names alone.
NEIGHBOURS = {"dags": "project_command"}

# Programs that are called otherwise than the distribution that brings them.
PROGRAMS = {"waitress-serve": "waitress"}

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
    at_once: those of `modules` that are imported when the file itself is.
    needs: those of `packages` without which the file itself cannot be imported.
    """

    modules: frozenset[tuple[str, ...]] = frozenset()
    packages: frozenset[str] = frozenset()
    families: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    at_once: frozenset[tuple[str, ...]] = frozenset()
    needs: frozenset[str] = frozenset()


@cache
def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def python(world: World) -> Iterator[tuple[str, References, Variants]]:
    for path, text, variants in world.texts(".py"):
        yield path, python_references(world.place(path), text, world.package), variants


@cache
def python_references(place: str, text: str, package: str) -> References:
    """Of a Python file at a place of the project, whose package is in `package`."""
    tree = ast.parse(text)
    modules, packages = targets_of(ast.walk(tree), place, package)
    at_once, needs = targets_of(run_at_import(tree), place, package)
    families = {imported(node, place)[1] for node in ast.walk(tree)} - {""}
    words: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.update(re.findall(r"[\w.-]+", node.value))
    return References(modules, packages, frozenset(families), frozenset(words), at_once, needs)


def targets_of(
    nodes: Iterable[ast.AST], place: str, package: str
) -> tuple[frozenset[tuple[str, ...]], frozenset[str]]:
    """What these statements import: of the project, and of others."""
    modules: set[tuple[str, ...]] = set()
    packages: set[str] = set()
    name = PurePosixPath(package).name
    for target in [target for node in nodes for target in imported(node, place)[0]]:
        if target[0].startswith("src/") or target[0].startswith("tests/"):
            modules.add(target)
        elif target[0].partition(".")[0] == name:
            modules.add(tuple(f"src/{each.replace('.', '/')}" for each in target))
        elif target[0].partition(".")[0] == NEIGHBOURS.get(PurePosixPath(place).parts[0]):
            modules.add((str(PurePosixPath(place).with_name(target[0].partition(".")[0])),))
        elif target[-1] == "conftest":
            modules.add((f"{PurePosixPath(place).parent}/conftest", "tests/conftest"))
        elif (top := target[0].partition(".")[0]) not in sys.stdlib_module_names:
            packages.add(normalized(DISTRIBUTIONS.get(top, top)))
    return frozenset(modules), frozenset(packages)


@cache
def of_library(text: str, library: str = "mlops_loop") -> frozenset[tuple[str, str]]:
    """What a file imports of the library: module, and name in it ('' for the module itself)."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {(node.module or "", alias.name) for alias in node.names}
    return frozenset(each for each in found if each[0].partition(".")[0] == library)


@cache
def defined(text: str) -> frozenset[str]:
    """The names that a module has at its top level, and those in its `__all__`."""
    found = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
            if node.value is not None and "__all__" in map(ast.unparse, targets):
                found |= set(ast.literal_eval(node.value))
    return frozenset(found)


def run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """The statements that run when a module is imported: neither functions nor what types need."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            yield from (found for other in child.orelse for found in [other, *run_at_import(other)])
            continue
        yield child
        yield from run_at_import(child)


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
    """What a page names as a file or folder: code that looks like one."""
    code = re.findall(r"`([\w.-]+(?:/[\w.-]+)*/?)`", page)
    looks = [each for each in code if "/" in each or re.search(r"\.(md|toml|ya?ml|py|lock)$", each)]
    return frozenset(each.rstrip("/") for each in looks)


@cache
def programs(text: str) -> frozenset[str]:
    return frozenset(PROGRAMS.get(each, each) for each in PROGRAM.findall(text))


@cache
def targets(text: str) -> frozenset[str]:
    return frozenset(TARGET.findall(text))
